"""Kue's own form of a handler: `done(err, result)`, called once, later, from any thread."""

import os
import threading
from collections.abc import Callable

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
outcomes: dict[str | None, str] = {}
ended = threading.Semaphore(0)


@queue.process("call", 2)
def call(job: kue.Job, done: Callable[..., None]):
    if job.data["number"] is None:
        done(ValueError("no number"))
    else:
        threading.Timer(0.1, lambda: done(None, f"{job.data['number']} answered")).start()


def note(number: str | None):
    def listener(outcome: str):
        outcomes[number] = outcome
        ended.release()

    return listener


for number in ("555-0100", None):
    job = queue.create("call", {"number": number})
    job.on("complete", note(number)).on("failed", note(number)).save()

assert ended.acquire(timeout=5)
assert ended.acquire(timeout=5)
queue.shutdown(1000)
print(outcomes)
assert outcomes == {"555-0100": "555-0100 answered", None: "no number"}
