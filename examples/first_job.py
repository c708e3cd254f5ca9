"""A first job: one process creates it, runs it, and is notified of its end."""

import os
import threading

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))


@queue.process("email")
def send(job: kue.Job):
    print("sending", job.data["title"], "to", job.data["to"])
    return {"sent": True}


finished = threading.Event()
job = queue.create("email", {"title": "welcome", "to": "tj@example.com"})


@job.on("complete")
def report(result: object):
    print(f"job {job.id} is complete: {result}")
    finished.set()


job.save()
assert finished.wait(5)
queue.shutdown(1000)
