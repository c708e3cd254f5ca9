"""Handlers that are coroutines share one event loop; a handler may also return a Future of its own."""

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
pool = ThreadPoolExecutor(2)
pages: list[object] = []
ended = threading.Semaphore(0)


@queue.process("fetch", 100)
async def fetch(job: kue.Job):
    await asyncio.sleep(0.3)  # a request
    return f"page {job.data}"


@queue.process("hash", 2)
def digest(job: kue.Job):
    return pool.submit(pow, job.data, 65_537, 2**61 - 1)  # a concurrent.futures.Future


queue.on("job complete", lambda id, result: (pages.append(result), ended.release()))

begin = time.monotonic()
queue.save_all(queue.create("fetch", number) for number in range(100))
queue.create("hash", 42).save()
for _ in range(101):
    assert ended.acquire(timeout=10)
seconds = time.monotonic() - begin

print(f"100 waits of 0.3 s took {seconds:.1f} s")
assert seconds < 10
assert {f"page {number}" for number in range(100)} | {pow(42, 65_537, 2**61 - 1)} == set(pages)
queue.shutdown(1000)
pool.shutdown()
