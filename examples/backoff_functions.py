"""Waits that differ from job to job: jitter, which is stored with the job, and a function of this process."""

import os
import threading
from datetime import timedelta

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"), promotion={"interval": 20})
failed = threading.Semaphore(0)
waits: list[tuple[str, int | None]] = []


def patient(attempts: int, delay: int) -> timedelta:
    """Wait 40 ms after the first failure, then 160, then 360: no backoff of a job does that."""
    return timedelta(milliseconds=40 * attempts**2)


@queue.process("download", 2)
def download(job: kue.Job):
    raise ConnectionError("all at once")


@queue.process("upload", backoff=patient)
def upload(job: kue.Job):
    if job.attempts_made:
        waits.append((job.type, job.delay()))
    raise ConnectionError("not yet")


queue.on("job failed", lambda id, message: failed.release())

# a server that comes back is not met by all clients at the same moment
jittered = queue.save_all(
    queue.create("download", attempts=2, backoff={"type": "fixed", "delay": 300, "jitter": 0.5}) for _ in range(20)
)
queue.create("upload", attempts=4).save()
for _ in range(21):
    assert failed.acquire(timeout=20)

moments: list[int | float] = []
for job in jittered:
    stored = kue.Job.get(job.id)
    assert stored.delay() == 300 and stored.promote_at is not None
    moments.append(stored.promote_at)
print("20 jobs were due at", len(set(moments)), "moments")
print("waits of the function:", [wait for _, wait in waits])
assert len(set(moments)) > 5
assert [wait for _, wait in waits] == [40, 160, 360]
queue.shutdown(1000)
