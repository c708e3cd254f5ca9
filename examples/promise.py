"""kue_send: a job as a Future. It returns the handler's result, or raises the reason why there is none."""

import os

import kue_send as kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))


@queue.process("pdf", 2)
def render(job: kue.Job):
    if job.data["pages"] < 0:
        raise ValueError("a book has no negative pages")
    return {"bytes": job.data["pages"] * 1000}


future = queue.create("pdf", {"pages": 12}).promise(timeout=5000)  # saves the job
print("job", future.job.id, "has the result", future.result())
assert future.result() == {"bytes": 12_000}

futures = [queue.create("pdf", {"pages": pages}).promise() for pages in range(100)]
assert sum(future.result(5)["bytes"] for future in futures) == 4_950_000

try:
    queue.create("pdf", {"pages": -1}, attempts=2).promise().result(5)
except kue.JobFailed as failure:
    print("failed:", failure.message)
    assert failure.message == "a book has no negative pages"
    assert "ValueError" in (failure.stack or "")
else:
    raise AssertionError("this job fails")

try:
    queue.create("no worker has this type").promise(timeout=200).result()
except TimeoutError as timeout:  # kue.PromiseTimeout is one; the job itself goes on
    print(timeout)
else:
    raise AssertionError("this promise times out")
queue.shutdown(1000)
