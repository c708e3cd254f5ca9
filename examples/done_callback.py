"""Kue's own form of a handler: `done(err, result)`, called once, later, from any thread."""

import os
import threading

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
outcomes = {}
ended = threading.Semaphore(0)


@queue.process("call", 2)
def call(job, done):
    if job.data["number"] is None:
        done(ValueError("no number"))
    else:
        threading.Timer(0.1, lambda: done(None, f"{job.data['number']} answered")).start()


for number in ("555-0100", None):
    job = queue.create("call", {"number": number})
    job.on("complete", lambda result, number=number: (outcomes.update({number: result}), ended.release()))
    job.on("failed", lambda message, number=number: (outcomes.update({number: message}), ended.release()))
    job.save()

assert ended.acquire(timeout=5)
assert ended.acquire(timeout=5)
queue.shutdown(1000)
print(outcomes)
assert outcomes == {"555-0100": "555-0100 answered", None: "no number"}
