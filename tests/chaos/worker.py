"""What the Python workers of a chaos run do: `kue worker tests.chaos.worker:queue`, told by the environment where.

CHAOS_REDIS is the URL, CHAOS_RECORD the file of the record, CHAOS_OPTIONS the queue's options as JSON, CHAOS_SLOTS the
slots of each type.
"""

import asyncio
import json
import os
import time
from typing import Any

import kue_send
from kue_send.job import Job
from tests.chaos.plan import COROUTINE, PYTHON, SHARED
from tests.chaos.record import Record

record = Record(os.environ["CHAOS_RECORD"])
queue = kue_send.Queue(redis=os.environ["CHAOS_REDIS"], **json.loads(os.environ["CHAOS_OPTIONS"]))
slots = int(os.environ["CHAOS_SLOTS"])


class Planned(Exception):
    """A failure that the plan asks for."""


@queue.on("error")
def note(problem: BaseException) -> None:
    kind, text = type(problem).__name__, str(problem)
    record.write("error", getattr(problem, "id", None), f"::{os.getpid()}-", kind=kind, text=text)


def begin(job: Job) -> None:
    record.write("start", job.id, job.worker_id, attempts=job.attempts_made)
    for n in range(job.data["says"]):
        job.log("%s says %d", job.worker_id, n)
        job.progress(n, job.data["says"])


def finish(job: Job) -> dict[str, Any]:
    if job.attempts_made < job.data["fail"]:
        record.write("raise", job.id, job.worker_id)
        raise Planned(f"attempt {job.attempts_made + 1}")
    if job.data["says"]:
        job.send("word", job.worker_id)
    record.write("end", job.id, job.worker_id, lost=job.lost)
    return {"by": job.worker_id}


@queue.process([SHARED, PYTHON], slots)
def run(job: Job) -> dict[str, Any]:
    begin(job)
    time.sleep(job.data["ms"] / 1000)
    return finish(job)


@queue.process(COROUTINE, slots)
async def run_async(job: Job) -> dict[str, Any]:
    begin(job)
    await asyncio.sleep(job.data["ms"] / 1000)
    return finish(job)
