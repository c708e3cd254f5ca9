"""What the Python workers of a chaos run do: `kue worker tests.chaos.worker:queue`.

From the environment: CHAOS_REDIS is the URL, CHAOS_RECORD the file of the record, CHAOS_OPTIONS the queue's options as
JSON, CHAOS_SLOTS the slots of each type.
"""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Iterator
from typing import Any

import kue_send
from kue.errors import KueError
from kue_send.job import Job
from tests.chaos.cancels import CANCELLED
from tests.chaos.plan import COROUTINE, PYTHON, SHARED
from tests.chaos.record import Record
from tests.chaos.ticks import DATA, EVERY_SECOND, TICK

OVERLONG = 60.0  # how long a late handler waits to be given up

record = Record(os.environ["CHAOS_RECORD"])
queue = kue_send.Queue(redis=os.environ["CHAOS_REDIS"], **json.loads(os.environ["CHAOS_OPTIONS"]))
slots = int(os.environ["CHAOS_SLOTS"])


class Planned(Exception):
    """A failure that the plan asks for."""


@queue.on("error")
def note(problem: BaseException) -> None:
    kind, text = type(problem).__name__, str(problem)
    record.write("error", getattr(problem, "id", None), f"::{os.getpid()}-", kind=kind, text=text)


def work(job: Job) -> Iterator[float]:
    """Begin, and report each line; gives the pauses to make in between."""
    record.write("start", job.id, job.worker_id, attempts=job.attempts_made)
    lines = job.data["lines"]
    for n in range(max(1, lines)):
        if n < lines:
            report(job, n)
        yield job.data["ms"] / 1000 / max(1, lines)


def report(job: Job, n: int) -> None:
    job.log("%s reports %d", job.worker_id, n)
    job.progress(n, job.data["lines"], {"by": job.worker_id, "n": n})
    job.send("line", n)
    record.write("reported", job.id, job.worker_id, n=n)


def is_late(job: Job) -> bool:
    """Whether the plan has this attempt overrun its ttl."""
    return bool(job.attempts_made < job.data["late"])


def overrun(job: Job) -> None:
    """Until the run was given up, and a little longer: what is reported now must not be found."""
    until = time.monotonic() + OVERLONG
    while not job.lost and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.2)
    report(job, job.data["lines"])


def finish(job: Job) -> dict[str, Any]:
    asked_at, lost = time.time_ns() // 1_000_000, job.lost
    if job.attempts_made < job.data["fail"] and not is_late(job):
        record.write("raise", job.id, job.worker_id, asked_at=asked_at, lost=lost)
        raise Planned(f"attempt {job.attempts_made + 1}")
    if job.data["lines"]:
        job.send("result", job.worker_id)
    record.write("end", job.id, job.worker_id, asked_at=asked_at, lost=lost)
    return {"by": job.worker_id}


@queue.process([SHARED, PYTHON], slots)
def run(job: Job) -> dict[str, Any]:
    for pause in work(job):
        time.sleep(pause)
    if is_late(job):
        overrun(job)
    return finish(job)


@queue.process(COROUTINE, slots)
async def run_async(job: Job) -> dict[str, Any]:
    try:
        for pause in work(job):
            await asyncio.sleep(pause)
        if is_late(job):
            await asyncio.sleep(OVERLONG)
    except asyncio.CancelledError:
        record.write("cancel", job.id, job.worker_id)
        raise
    return finish(job)


@queue.process(TICK)
def tick(job: Job) -> None:
    """Every time of the schedule that all workers declare."""


@queue.process(CANCELLED, slots)
def cancelled(job: Job) -> None:
    """A job that may be cancelled meanwhile: it looks, or does not, and ends in some way."""
    until = time.monotonic() + job.data["ms"] / 1000
    while time.monotonic() < until:
        if job.data["looks"]:
            job.raise_if_cancelled()
        time.sleep(0.02)
    if job.data["ends"] == "raises":
        raise Planned(f"attempt {job.attempts_made + 1}")
    if job.data["ends"] == "snoozes" and not job.runs[:-1]:
        raise kue_send.Snooze(100)


with contextlib.suppress(KueError):  # Redis may be away, and the others have declared it
    queue.every(EVERY_SECOND, queue.create(TICK, DATA), catch_up="all")
