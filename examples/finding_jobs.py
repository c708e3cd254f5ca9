"""Finding saved jobs: by id, by position among all or some, by state; counts, types and times."""

import os
import threading

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
ended = threading.Semaphore(0)


@queue.process("letter")
def post(job: kue.Job):
    if "to" not in job.data:
        raise KeyError("to")


queue.on("job complete", lambda id: ended.release()).on("job failed", lambda id: ended.release())
jobs = queue.save_all(queue.create("letter", data) for data in ({"to": "a"}, {}, {"to": "b"}))
for _ in jobs:
    assert ended.acquire(timeout=5)

job = kue.Job.get(jobs[0].id)
print(job, job.to_json()["attempts"])
assert kue.Job.get(str(job.id)).state() == "complete"

# positions count by priority, both ends included, -1 is the last; the page is then sorted by id
failed = kue.Job.range_by_type("letter", "failed", 0, -1)
print("failed:", [(job.id, (job.error() or "").splitlines()[0]) for job in failed])
assert [job.id for job in failed] == [jobs[1].id]
newest_first = kue.Job.range_by_state("complete", 0, -1, "desc")
assert [job.id for job in newest_first][:2] == [jobs[2].id, jobs[0].id]
assert jobs[2].id in [job.id for job in kue.Job.range(0, -1)]

print("types:", queue.types(), "work time:", queue.work_time(), "ms")
print("ids:", queue.complete(), queue.failed(), "counts:", queue.complete_count("letter"), queue.failed_count())
assert (queue.card_by_type("letter", "complete"), queue.failed_count("letter")) == (2, 1)

# correct the data and run the job again
failed[0].data["to"] = "c"
failed[0].update().inactive()
assert ended.acquire(timeout=5)
assert kue.Job.get(failed[0].id).state() == "complete"

for job in jobs:
    kue.Job.remove_by_id(job.id)
try:
    kue.Job.get(jobs[0].id)
except kue.JobNotFound as problem:
    print(problem)
else:
    raise AssertionError("the job is removed")
queue.shutdown(1000)
