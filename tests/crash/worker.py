"""A process with a queue that works, for tests that kill and freeze it: `python -m tests.crash.worker '{...}'`.

argv[1] is JSON: `types` ({type: slots}), `behaviour`, and under `queue` the options of `kue_send.Queue`. What happens
is told on stdout at once, a JSON object a line, so that it is known even of a process that was killed; process.py reads
it. On stdin: `release` lets handlers end that hold their job, `shutdown` and `requeue` stop the queue; its end kills.

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


def tell(what: str, **facts: Any) -> None:
    with _lock:
        sys.stdout.write(json.dumps({"what": what, **facts}) + "\n")
        sys.stdout.flush()


def said_by(job: Job) -> dict[str, Any]:
    """Say something of every kind, and give the result: all of it must be dropped where the run has lost its job."""
    name = f"run {job.worker_id}"
    job.log("log of %s", name)
    job.progress(1, 2, name)
    job.set("said_by", name)
    job.send("word", name)
    return {"by": job.worker_id}


def hold(job: Job) -> Any:
    tell("start", id=job.id, worker=job.worker_id, attempts=job.attempts_made)
    told = False
    while not _released.wait(0.005):
        if job.lost and not told:
            told = True
            tell("lost", id=job.id, worker=job.worker_id)
    tell("end", id=job.id, worker=job.worker_id, lost=job.lost)
    return said_by(job)


async def hold_async(job: Job) -> Any:
    tell("start", id=job.id, worker=job.worker_id, attempts=job.attempts_made)
    try:
        while not _released.is_set():
            await asyncio.sleep(0.005)
    except asyncio.CancelledError:
        tell("cancelled", id=job.id, worker=job.worker_id, lost=job.lost)
        raise
    return said_by(job)


def count(job: Job) -> Any:
    tell("start", id=job.id, worker=job.worker_id, attempts=job.attempts_made)
    return said_by(job)


def main() -> None:
    config = json.loads(sys.argv[1])
    queue = kue_send.Queue(**config["queue"])
    queue.on("error", lambda problem: tell("error", kind=type(problem).__name__, text=str(problem)))
    handler = {"hold": hold, "hold_async": hold_async, "count": count}[config["behaviour"]]
    for name, slots in config["types"].items():
        queue.process(name, slots, handler)
    tell("ready", pid=os.getpid())
    for line in sys.stdin:
        if line.strip() == "release":
            _released.set()
        else:
            queue.shutdown(500, requeue=line.strip() == "requeue")
            tell("stopped")
    os._exit(0)


if __name__ == "__main__":
    main()
