"""A job's ttl: how long a run may take. A run that takes longer fails with `TTL exceeded`, and its slot goes on."""

import asyncio
import os
import threading

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
outcomes: dict[str, str] = {}
ended = threading.Semaphore(0)
noticed = threading.Event()


@queue.process("ttl plain")
def plain(job: kue.Job):
    while not job.lost:  # a thread cannot be stopped: a handler that may take long looks by itself
        threading.Event().wait(0.05)
    print("the plain handler noticed, and stops")
    noticed.set()


@queue.process("ttl coroutine")
async def coroutine(job: kue.Job):
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:  # a coroutine is cancelled
        print("the coroutine was cancelled")
        raise


@queue.process("ttl patient")
def patient(job: kue.Job):
    for step in range(10):
        threading.Event().wait(0.1)
        job.progress(step, 10)  # progress gives it the full ttl again


@queue.on("job failed")
def failed(id: int, message: str):
    outcomes[kue.Job.get(id).type] = message
    ended.release()


@queue.on("job complete")
def complete(id: int):
    outcomes[kue.Job.get(id).type] = "complete"
    ended.release()


for type, ttl in (("ttl plain", 300), ("ttl coroutine", 300), ("ttl patient", 500)):
    queue.create(type).ttl(ttl).save()

for _ in range(3):
    assert ended.acquire(timeout=10)
assert noticed.wait(5)
queue.shutdown(1000)
print(dict(sorted(outcomes.items())))
assert outcomes == {"ttl plain": "TTL exceeded", "ttl coroutine": "TTL exceeded", "ttl patient": "complete"}
