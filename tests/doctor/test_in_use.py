"""The doctor finds nothing wrong with a healthy queue in full use, however often it looks."""

import itertools
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import kue
from kue.doctor import examine
from kue.errors import JobNotFound
from tests.conftest import Backend
from tests.helpers import wait_until

TYPES = ["email", "pdf", "report"]
LOOKS = 10
BACKLOG = 300
GRACE_MS = 100


def produce(queue: kue.Queue, stop: threading.Event, dice: random.Random) -> None:
    """Every kind of job, and everything that a producer may do with one, while the workers keep up."""
    for n in itertools.count():
        if stop.is_set():
            return
        if queue.inactive_count() > BACKLOG:
            stop.wait(0.005)
            continue
        job = queue.create(dice.choice(TYPES), {"n": n}, priority=dice.choice(["low", "normal", "critical"]))
        job.attempts(dice.randint(1, 3)).remove_on_complete(dice.random() < 0.8)
        if dice.random() < 0.3:
            job.ttl(60_000)
        if dice.random() < 0.3:
            job.delay(dice.randint(1, 200))
        if dice.random() < 0.3:
            job.backoff({"type": "fixed", "delay": 50})
        job.save()
        if dice.random() < 0.2:
            meddle(job, dice)


def meddle(job: kue.Job, dice: random.Random) -> None:
    what = dice.choice(["update", "remove", "failed", "delayed", "log"])
    try:
        if what == "update":
            job.priority("high").update()
        elif what == "log":
            job.log("a line")
        else:
            getattr(job, what)()
    except JobNotFound:
        pass


def handle(job: kue.Job) -> dict[str, Any]:
    job.log("at work")
    job.progress(1, 2)
    if job.data["n"] % 5 == 0:
        raise ValueError("boom")
    return {"n": job.data["n"]}


@contextmanager
def full_use(backend: Backend, queues: list[kue.Queue]) -> Iterator[None]:
    """Two workers and two producers at work."""
    stop = threading.Event()
    for worker in queues[:2]:
        worker.process(TYPES, 5, handle)
    producers = [
        threading.Thread(target=produce, args=(queue, stop, random.Random(seed)))
        for seed, queue in enumerate(queues[2:])
    ]
    for thread in producers:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in producers:
            thread.join()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["redis"], indirect=True)
def test_the_doctor_finds_nothing_wrong_with_a_queue_in_full_use(no_leaks: None, backend: Backend) -> None:
    queues = [kue.Queue(redis=backend.redis, prefix=backend.prefix) for _ in range(4)]
    try:
        with full_use(backend, queues), kue.Queue(redis=backend.redis, prefix=backend.prefix) as looker:
            for _ in range(LOOKS):
                before = queues[0].complete_count()
                wait_until(lambda: queues[0].complete_count() > before + 20)  # noqa: B023
                report = examine(looker, grace=GRACE_MS)
                assert report.findings == ()
                assert report.jobs > 0
        wait_until(lambda: not (queues[0].inactive_count() or queues[0].active_count() or queues[0].delayed_count()))
        assert examine(queues[0], grace=GRACE_MS).findings == ()
    finally:
        for queue in queues:
            queue.shutdown(5000)
    with kue.Queue(redis=backend.redis, prefix=backend.prefix) as looker:
        assert examine(looker, grace=0).findings == ()
