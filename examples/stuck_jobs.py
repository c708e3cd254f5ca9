"""Jobs that no worker would take: lost tokens are put back, and so are jobs that a dead Node worker left half taken.

A process that works looks for both by itself; one that only creates jobs can be asked to.
"""

import os
import threading

import kue

queue = kue.create_queue(
    redis=os.environ.get("KUE_REDIS_URL", "embedded:"),
    stuck_after=200,  # how long a job must look stuck (ms); the default is a minute
)

# if tokens were lost, idle Node workers sleep beside waiting jobs
queue.create("stuck", "without a token").save()
queue.client.delete("q:stuck:jobs")

# a Node worker popped this job, and died before it made it active
half_taken = queue.create("stuck", "half taken").save()
queue.client.zrem("q:jobs:stuck:inactive", f"{len(str(half_taken.id)):02}|{half_taken.id}")
print("tokens:", queue.client.llen("q:stuck:jobs"), "waiting:", queue.inactive_count("stuck"))

queue.watch_stuck_jobs(100)
for _ in range(50):
    if queue.client.llen("q:stuck:jobs") >= 2 and queue.inactive_count("stuck") == 2:
        break
    threading.Event().wait(0.1)
print("tokens:", queue.client.llen("q:stuck:jobs"), "waiting:", queue.inactive_count("stuck"))
assert queue.inactive_count("stuck") == 2

ran: list[str] = []
both = threading.Semaphore(0)


@queue.process("stuck")
def work(job: kue.Job):
    ran.append(job.data)
    both.release()


assert both.acquire(timeout=5)
assert both.acquire(timeout=5)
queue.shutdown(1000)
print("ran:", sorted(ran))
assert sorted(ran) == ["half taken", "without a token"]
