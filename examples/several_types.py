"""One handler for several types, and several handlers in one process; each type has slots of its own."""

import os
import threading
from collections import Counter

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
done = Counter[str]()
ended = threading.Semaphore(0)


@queue.process(["thumbnail", "preview"], 2)
def shrink(job: kue.Job):
    return f"{job.type} of {job.data}"


@queue.process("original")
def keep(job: kue.Job):
    return f"kept {job.data}"


@queue.on("job complete")
def count(id: int, result: str):
    done[result.split(maxsplit=1)[0]] += 1
    ended.release()


queue.save_all(queue.create(type, f"photo {n}") for n in range(4) for type in ("thumbnail", "preview", "original"))
for _ in range(12):
    assert ended.acquire(timeout=5)
print(dict(done))
print("slots:", sorted(worker.type for worker in queue.workers))
assert done == {"thumbnail": 4, "preview": 4, "kept": 4}
assert sorted(worker.type for worker in queue.workers) == ["original", "preview", "preview", "thumbnail", "thumbnail"]
queue.shutdown(1000)
