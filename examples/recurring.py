"""Recurring jobs: an interval, a cron expression in a time zone, one job now and one later."""

import itertools
import os
import threading
from datetime import UTC, datetime, timedelta

import kue

queue = kue.create_queue(
    redis=os.environ.get("KUE_REDIS_URL", "embedded:"),
    promotion={"interval": 100},  # look for due jobs every 100 ms instead of every second
)
planned: list[int] = []
reminded = threading.Event()
polled = threading.Event()


@queue.process("poll")
def poll(job: kue.Job):
    planned.append(job.planned_at or 0)
    if len(planned) == 3:
        polled.set()


@queue.process("reminder")
def remind(job: kue.Job):
    reminded.set()


every_second = queue.every("1 second", queue.create("poll", attempts=3))
nightly = queue.every("30 2 * * *", queue.create("cleanup"), tz="Europe/Berlin", overlap="skip")
print("nightly:", [f"{moment:%H:%M}" for moment in nightly.next(3)])
print("schedules:", sorted(queue.schedules()))

job = nightly.trigger()  # one now, besides those that are due
print("triggered:", job.type, job.schedule_name)
queue.schedule(datetime.now(UTC) + timedelta(milliseconds=300), queue.create("reminder"))

assert reminded.wait(10) and polled.wait(10)
every_second.remove()
nightly.remove()
queue.shutdown(1000)
print("between two:", {later - earlier for earlier, later in itertools.pairwise(planned)}, "ms")
