"""Every run of a job with its outcome: one that hung and became a ghost, one that failed, one that completed."""

import asyncio
import os
import threading

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
ended = threading.Event()
hung = threading.Event()


@queue.process("fetch")
async def fetch(job: kue.Job):
    if not hung.is_set():
        hung.set()
        await asyncio.sleep(60)  # cancelled at the ttl
    if job.attempts_made == 0:
        raise ConnectionError("the server is away")
    return "fetched"


# with ghost_on_ttl the run that hangs uses up no attempt: two are left for the others
job = queue.create("fetch", ttl=300, attempts=2, ghost_on_ttl=True).on("complete", lambda result: ended.set()).save()
assert ended.wait(10)

job = kue.Job.get(job.id)
for run in job.runs:
    print(f"run {run['run']}, attempt {run['attempt']}: {run['outcome']:8} {run['error'] or ''}".rstrip())
print("finished:", job.finished, "- success:", job.success)
assert job.total_process_time >= 300
queue.shutdown(1000)
