"""A queue made before a fork works in the children, as under `gunicorn --preload` or multiprocessing."""

import multiprocessing
import os
import threading

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
queue.create("from a fork", os.getpid()).save()  # the parent has used its connection by now


def child():
    for _ in range(3):
        queue.create("from a fork", os.getpid()).save()


fork = multiprocessing.get_context("fork")
children = [fork.Process(target=child) for _ in range(2)]
for process in children:
    process.start()
for process in children:
    process.join(10)
assert [process.exitcode for process in children] == [0, 0]

processes: list[int] = []
ended = threading.Semaphore(0)


@queue.process("from a fork")
def count(job: kue.Job):
    processes.append(job.data)
    ended.release()


for _ in range(7):
    assert ended.acquire(timeout=5)
queue.shutdown(1000)
print(f"{len(processes)} jobs from {len(set(processes))} processes")
assert sorted(map(processes.count, set(processes))) == [1, 3, 3]
