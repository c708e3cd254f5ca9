"""A process with a queue that works, for tests that kill and freeze it: `python -m tests.crash.worker '{...}'`.

argv[1] is JSON: `types` ({type: slots}), `behaviour`, and under `queue` the options of `kue_send.Queue`. The process
reports on stdout what happens, a JSON object a line, at once: process.py knows it even of a process that was killed.
On stdin: `release` lets handlers end that hold their job, `shutdown` and `requeue` stop the queue; its end kills.

Behaviours: `hold` keeps the job until released, `hold_async` the same as a coroutine, `count` completes at once.
"""

import asyncio
import json
import os
import sys
import threading
from typing import Any

import kue_send
from kue_send.job import Job

_released = threading.Event()
_lock = threading.Lock()


def report(what: str, **facts: Any) -> None:
    with _lock:
        sys.stdout.write(json.dumps({"what": what, **facts}) + "\n")
        sys.stdout.flush()


def report_all(job: Job) -> dict[str, Any]:
    """Report something of every kind, and return the result: all is discarded if the run has lost its job."""
    name = f"run {job.worker_id}"
    job.log("log of %s", name)
    job.progress(1, 2, name)
    job.set("reported_by", name)
    job.send("word", name)
    return {"by": job.worker_id}


def hold(job: Job) -> Any:
    report("start", id=job.id, worker=job.worker_id, attempts=job.attempts_made)
    reported = False
    while not _released.wait(0.005):
        if job.lost and not reported:
            reported = True
            report("lost", id=job.id, worker=job.worker_id)
    report("end", id=job.id, worker=job.worker_id, lost=job.lost)
    return report_all(job)


async def hold_async(job: Job) -> Any:
    report("start", id=job.id, worker=job.worker_id, attempts=job.attempts_made)
    try:
        while not _released.is_set():
            await asyncio.sleep(0.005)
    except asyncio.CancelledError:
        report("cancelled", id=job.id, worker=job.worker_id, lost=job.lost)
        raise
    return report_all(job)


def count(job: Job) -> Any:
    report("start", id=job.id, worker=job.worker_id, attempts=job.attempts_made)
    return report_all(job)


def main() -> None:
    config = json.loads(sys.argv[1])
    queue = kue_send.Queue(**config["queue"])
    queue.on("error", lambda problem: report("error", kind=type(problem).__name__, text=str(problem)))
    handler = {"hold": hold, "hold_async": hold_async, "count": count}[config["behaviour"]]
    for name, slots in config["types"].items():
        queue.process(name, slots, handler)
    report("ready", pid=os.getpid())
    for line in sys.stdin:
        if line.strip() == "release":
            _released.set()
        else:
            queue.shutdown(500, requeue=line.strip() == "requeue")
            report("stopped")
    os._exit(0)


if __name__ == "__main__":
    main()
