"""The events of all jobs, of every process on this prefix, Node's included: `job ` and the event's name."""

import os
import threading

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
started: list[int] = []
totals: list[int] = []
finished = threading.Event()


@queue.on("job start")
def on_start(id: int, type: str):
    started.append(id)


@queue.on("job complete")
def on_complete(id: int, result: int):
    print(f"job {id} has the result {result}")
    totals.append(result)
    if len(totals) == 3:
        finished.set()


queue.process("sum", lambda job: sum(job.data))
jobs = queue.save_all(queue.create("sum", numbers) for numbers in ([1, 2], [3, 4], [5, 6]))
assert finished.wait(5)
queue.shutdown(1000)
assert started == [job.id for job in jobs]
assert totals == [3, 7, 11]
