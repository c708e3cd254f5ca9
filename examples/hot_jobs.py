"""kue_send: jobs that are waited for. With `hotjob` the save makes a promise; wait for many of them at once."""

import asyncio
import concurrent.futures
import os

import kue_send as kue

queue = kue.create_queue(
    redis=os.environ.get("KUE_REDIS_URL", "embedded:"),
    job_flags={"thumbnail": {"hotjob": True, "hotjob_timeout": 5000}},
)


@queue.process("thumbnail", 4)
def shrink(job: kue.Job):
    if job.data["width"] <= 0:
        raise ValueError("a photo has a width")
    return job.data["width"] // 10


def save(widths: list[int]):
    """Save jobs in one round trip, and return their promises."""
    jobs = queue.save_all(queue.create("thumbnail", {"width": width}) for width in widths)
    return [job.hotjob_promise for job in jobs if job.hotjob_promise is not None]


# on a thread: wait for all
promises = save([640, 1200, -1])
done, waiting = concurrent.futures.wait(promises, timeout=10)
assert len(done) == 3 and not waiting
for promise in promises:
    job = promise.job  # read anew before the promise settled
    print(f"job {job.id} is {job.state()}:", promise.exception() or promise.result())


async def gather():
    promises = await asyncio.to_thread(save, [100, 200, 300])
    return await asyncio.gather(*(asyncio.wrap_future(promise) for promise in promises))


widths = asyncio.run(gather())
print("gathered", widths)
assert widths == [10, 20, 30]
queue.shutdown(1000)
