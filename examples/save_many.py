"""Many jobs at once: some hundred to a round trip, ids in order, and nothing is saved if one of them is not JSON."""

import os
import time

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
before = queue.inactive_count("import")

begin = time.monotonic()
jobs = queue.save_all(queue.create("import", {"row": row}) for row in range(5000))
seconds = time.monotonic() - begin
print(f"{len(jobs)} jobs saved in {seconds:.2f} s, {len(jobs) / seconds:,.0f} a second")
first = jobs[0].id or 0
assert [job.id for job in jobs] == list(range(first, first + 5000))
assert queue.inactive_count("import") == before + 5000

try:
    queue.save_all([queue.create("import", {"row": 1}), queue.create("import", {"price": float("nan")})])
except kue.InvalidJobData as problem:
    print("refused:", problem)
    assert problem.path == "data.price"
assert queue.inactive_count("import") == before + 5000

# if the connection breaks half-way, save_all raises kue.SaveInterrupted, whose `saved` lists the jobs that are saved
for job in jobs:
    job.remove()
queue.shutdown()
