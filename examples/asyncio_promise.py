"""Waiting for jobs in asyncio: `asyncio.wrap_future` makes an awaitable of a promise."""

import asyncio
import os

import kue_send as kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))


@queue.process("square", 10)
async def square(job: kue.Job):
    await asyncio.sleep(0.1)
    return job.data**2


async def ask(number: int):
    # promise() saves the job. A Redis that does not answer would hold the event loop meanwhile, so it gets a thread.
    promise = await asyncio.to_thread(queue.create("square", number).promise)
    return await asyncio.wrap_future(promise)


async def main():
    squares = await asyncio.gather(*(ask(number) for number in range(20)))
    print(squares)
    assert squares == [number**2 for number in range(20)]


asyncio.run(main())
queue.shutdown(1000)
