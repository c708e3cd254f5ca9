"""Jobs that wait: for milliseconds, for a timedelta, or until a moment."""

import os
import threading
from datetime import UTC, datetime, timedelta

import kue

queue = kue.create_queue(
    redis=os.environ.get("KUE_REDIS_URL", "embedded:"),
    promotion={"interval": 100},  # look for due jobs every 100 ms instead of every second
)
ran: list[str] = []
finished = threading.Event()

queue.create("reminder", "a moment").delay(datetime.now(UTC) + timedelta(milliseconds=900)).save()
queue.create("reminder", "a timedelta").delay(timedelta(milliseconds=600)).save()
queue.create("reminder", "milliseconds", delay=300).save()
queue.create("reminder", "at once").save()
print("waiting:", queue.delayed_count("reminder"))


@queue.process("reminder")
def remind(job: kue.Job):
    waited = (job.started_at or 0) - (job.created_at or 0)
    assert waited >= (job.delay() or 0)
    print(f"{job.data}: asked for {job.delay() or 0} ms, ran after {waited} ms")
    ran.append(job.data)
    if len(ran) == 4:
        finished.set()


assert finished.wait(10)
queue.shutdown(1000)
assert ran == ["at once", "milliseconds", "a timedelta", "a moment"]
