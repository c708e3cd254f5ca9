"""The lowest priority number runs first: critical -15, high -10, medium -5, normal 0, low 10, or any whole number."""

import os
import threading

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
wanted = ["critical", "high", "medium", "normal", "first of two at 5", "second of two at 5", "low"]

# saved in the wrong order, before any worker runs
queue.create("order", "low").priority("low").save()
queue.create("order", "first of two at 5").priority(5).save()
queue.create("order", "second of two at 5").priority(5).save()
queue.create("order", "normal").save()
queue.create("order", "medium", priority="medium").save()  # the same as a keyword
queue.create("order", "critical", priority=kue.PRIORITIES["critical"]).save()
queue.create("order", "high", priority="high").save()

ran: list[str] = []
finished = threading.Event()


@queue.process("order")
def run(job: kue.Job):
    print(f"{job.priority():4d}  {job.data}")
    ran.append(job.data)
    if len(ran) == len(wanted):
        finished.set()


assert finished.wait(5)
queue.shutdown(1000)
assert ran == wanted
