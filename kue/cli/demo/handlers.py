"""The Python handlers of the demo's jobs. They sleep to stand for real work, and return results that can be checked."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import kue_send
from kue import PromotionDict
from kue.cli.demo.scenario import IMAGE_STEPS, NODE_PARTS, PYTHON_PARTS

# The demo is short, so due jobs are promoted more often than the usual once a second.
PROMOTION: PromotionDict = {"interval": 100}  # ms


def serve() -> kue_send.Queue:
    """A queue on the server that KUE_REDIS_URL names, with every handler of the demo."""
    logging.getLogger("kue.run").disabled = True  # jobs that fail belong to the demo, which shows them itself
    queue = kue_send.Queue(promotion=PROMOTION)
    handlers = {
        "alert": alert,
        "email": email,
        "image": image,
        "reminder": reminder,
        "payment": payment,
        "webhook": webhook,
        "report": report,
        "invoice": invoice,
        "geocode": geocode,
    }
    for part in (*PYTHON_PARTS, *NODE_PARTS):
        if part.type in handlers:
            queue.process(part.type, part.slots, handlers[part.type])
    return queue


def alert(job: kue_send.Job) -> dict[str, Any]:
    _work(job)
    return {"paged": job.data["service"]}


def email(job: kue_send.Job) -> dict[str, Any]:
    _work(job)
    return {"sent_to": job.data["to"]}


def image(job: kue_send.Job) -> dict[str, Any]:
    for number, step in enumerate(IMAGE_STEPS, 1):
        _work(job, 1 / len(IMAGE_STEPS))
        job.log("%s: %s", job.data["file"], step)
        job.progress(number, len(IMAGE_STEPS), {"step": step})
    return {"width": job.data["width"] // 4, "steps": len(IMAGE_STEPS)}


def reminder(job: kue_send.Job) -> dict[str, Any]:
    _work(job)
    return {"reminded": job.data["name"]}


def payment(job: kue_send.Job) -> dict[str, Any]:
    _work(job)
    _fail_at_first(job, "the bank is busy")
    return {"paid": job.data["cents"], "attempt": job.attempts_made + 1}


async def webhook(job: kue_send.Job) -> None:
    await asyncio.sleep(job.data["ms"] / 1000)
    raise ConnectionError(f"{job.data['host']} does not answer")


def report(job: kue_send.Job) -> dict[str, Any] | None:
    _work(job)
    rows, form = job.data["rows"], job.data["form"]
    if form == "fails":
        raise ValueError(f"{rows} rows are too many")
    pages = {"pages": rows // 50}
    if form == "sends":
        job.send("result", pages)
        return None
    return pages


def invoice(job: kue_send.Job) -> dict[str, Any]:
    _work(job)
    _fail_at_first(job, "the printer is out of paper")
    return {"total": job.data["items"] * job.data["price"], "by": "python"}


def geocode(job: kue_send.Job) -> dict[str, Any]:
    _work(job)
    return {"street": job.data["street"], "number": int(job.data["street"].split()[0])}


def _work(job: kue_send.Job, part: float = 1.0) -> None:
    time.sleep(part * job.data["ms"] / 1000)


def _fail_at_first(job: kue_send.Job, problem: str) -> None:
    if job.attempts_made < job.data["failures"]:
        raise ConnectionError(problem)
