"""Middleware: generator functions around every handler, for logging, timing and errors that go to Sentry."""

import os
import time
from collections.abc import Generator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import kue

sentry_sdk: Any = import_module("sentry_sdk") if find_spec("sentry_sdk") else None  # the example runs without it
queue = kue.create_queue(redis=os.environ.get("KUE_REDIS_URL", "embedded:"))
seconds: list[float] = []


@queue.use
def log(job: kue.Job) -> Generator[None, Any, None]:
    try:
        result = yield
    except Exception as problem:
        print(job.type, job.id, f"raised {problem!r}")
        raise
    print(job.type, job.id, f"returned {result!r}")


@queue.use
def measure(job: kue.Job) -> Generator[None, Any, None]:
    begin = time.monotonic()
    try:
        yield
    finally:
        seconds.append(time.monotonic() - begin)


@queue.use
def report_errors(job: kue.Job) -> Generator[None, Any, None]:
    try:
        yield
    except kue.Snooze:
        raise
    except Exception as problem:
        if job.attempts_made + 1 < job.attempts() and not isinstance(problem, kue.NoRetry):
            raise  # it is tried again
        if sentry_sdk is not None:
            sentry_sdk.capture_exception(problem)
        else:
            print("to Sentry:", repr(problem))
        raise


@queue.process("report")
async def report(job: kue.Job) -> dict[str, int]:
    if not job.data["pages"]:
        raise ValueError("no pages")
    return {"pages": job.data["pages"]}


for pages in (0, 3):
    job = queue.create("report", {"pages": pages}).save()
    while job.state() not in ("complete", "failed"):
        time.sleep(0.01)
        job = queue.get(job.id)
queue.shutdown(1000)
print("timed:", len(seconds), "runs")
