"""Numbers of the last hour by type, how they went over time, and the processes that work."""

import os
import time
from datetime import timedelta

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))


@queue.process("email", 4)
def send(job: kue.Job):
    time.sleep(job.data["ms"] / 1000)


@queue.process("report")
def report(job: kue.Job):
    raise ValueError("there is no data")


queue.save_all(queue.create("email", {"ms": 20}) for _ in range(20))
queue.create("report", attempts=2).save()
while queue.complete_count() < 20 or queue.failed_count() < 1:
    time.sleep(0.05)
queue.create("export").save()  # no worker takes it
deadline = time.monotonic() + 10
while queue.stats()["email"].completed < 20 and time.monotonic() < deadline:
    time.sleep(0.1)  # each process adds what it has counted about once a second

numbers = queue.stats(since=timedelta(minutes=10))
for type, one in sorted(numbers.items()):
    print(f"{type}: {one.started} started, {one.completed} completed, {one.retried} retried, {one.failed} failed")
email = numbers["email"]
assert email.p50 is not None and email.p50 >= 16  # right to a fifth
print("half of the emails took at most", email.p50, "ms, and the longest", email.max)
for begin, slot in email.series:
    print("the minute from", time.strftime("%H:%M", time.gmtime(begin / 1000)), "has", slot.completed)
print("exports that wait:", numbers["export"].waiting, "- the oldest for", numbers["export"].oldest_wait, "ms")
for process in queue.processes():
    print("process", process.pid, "has", dict(process.types), "and is", "lost" if process.lost else "at work")

queue.shutdown(1000)
