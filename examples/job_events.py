"""The events of one job: `on`, `once` and `off`, chained or as decorators."""

import os
import threading

import kue

queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"), promotion={"interval": 100})
received: list[tuple[object, ...]] = []
finished = threading.Event()


def note(name: str):
    def listener(*args: object):
        received.append((name, *args))

    return listener


job = queue.create("video", {"frames": 2}, attempts=2, delay=100)
for event in ("promotion", "enqueue", "start", "progress", "failed attempt", "complete"):
    job.on(event, note(event))


@job.once("progress")
def first_progress(percent: int):  # a listener gets as many arguments as it takes: this one leaves out the data
    print(f"under way: {percent} %")


def never():
    raise AssertionError("off forgot this listener")


job.on("complete", never).off("complete", never).on("complete", lambda result: finished.set()).save()


@queue.process("video")
def convert(job: kue.Job):
    job.progress(1, job.data["frames"])
    if job.attempts_made == 0:
        raise OSError("disk full")
    job.progress(2, job.data["frames"])
    return "done"


assert finished.wait(10)
queue.shutdown(1000)
for event in received:
    print(event)
assert [name for name, *_ in received] == [
    *("promotion", "enqueue", "start", "progress", "enqueue", "failed attempt"),
    *("start", "progress", "progress", "complete"),
]
assert ("failed attempt", "disk full", 1) in received
assert received[-1] == ("complete", "done")
