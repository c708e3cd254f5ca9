"""A handler decides the outcome itself: `Snooze` puts the job off, `NoRetry` fails it for good."""

import os
import threading
from datetime import timedelta

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"), promotion={"interval": 50})
ended = threading.Semaphore(0)
arrived = threading.Event()  # the upload that the report waits for


@queue.process("report")
def report(job: kue.Job):
    if "customer" not in job.data:
        raise kue.NoRetry("a report needs a customer")
    if not arrived.is_set():
        arrived.set()
        raise kue.Snooze(timedelta(milliseconds=100))
    return f"a report for {job.data['customer']}, in attempt {job.attempts_made + 1}"


def watch(job: kue.Job):
    job.on("complete", lambda result: (print(result), ended.release()))
    job.on("failed", lambda message: (print("failed for good:", message), ended.release()))
    return job.save()


put_off = watch(queue.create("report", {"customer": "tj"}).attempts(3))
assert ended.acquire(timeout=10)
assert put_off.log() == ["snoozed for 100 ms"]

hopeless = watch(queue.create("report").attempts(3))
assert ended.acquire(timeout=10)
assert kue.Job.get(hopeless.id).attempts_made == 1
queue.shutdown(1000)
