"""A ttl that a handler sets on its job counts from the next progress or update, also if the job had none."""

import threading
import time
from concurrent.futures import Future
from typing import Any

import pytest

from kue import Job
from tests.helpers import wait_until

HOUR = 3_600_000
CHECKERS_WAIT_SECONDS = 5  # before they end a run past its ttl, which its worker should have ended


@pytest.mark.parametrize("report", [lambda job: job.progress(1, 2), lambda job: job.update()])
@pytest.mark.parametrize("before", [None, HOUR])
@pytest.mark.parametrize("backend", ["redis", "fake"], indirect=True)
def test_a_run_ends_at_its_new_ttl(everywhere: Any, before: int | None, report: Any) -> None:
    future: Future[None] = Future()
    began: list[float] = []

    @everywhere.process("email")
    def work(job: Any) -> Any:
        began.append(time.monotonic())
        report(job.ttl(60))
        return future

    job = everywhere.create("email", ttl=before).save()
    wait_until(lambda: everywhere.failed() == [job.id])
    assert 0.06 <= time.monotonic() - began[0] < CHECKERS_WAIT_SECONDS
    found = Job.get(job.id, queue=everywhere)
    assert (found.error(), found.ttl()) == ("TTL exceeded", 60)


def test_a_new_ttl_counts_from_each_progress(queue: Any) -> None:
    @queue.process("email")
    def work(job: Any) -> str:
        job.ttl(300)
        end = time.monotonic() + 0.5
        wait_until(lambda: job.progress(1, 2) and time.monotonic() > end)
        return "done"

    job = queue.create("email", ttl=HOUR).save()
    wait_until(lambda: queue.complete() == [job.id])


@pytest.mark.parametrize("report", [lambda job: job.progress(1, 2), lambda job: job.update()])
@pytest.mark.parametrize("after", [None, HOUR])
def test_a_run_goes_on_if_its_ttl_is_taken_away_or_longer(queue: Any, report: Any, after: Any) -> None:
    @queue.process("email")
    def work(job: Any) -> str:
        report(job.ttl(after))
        end = time.monotonic() + 0.45
        wait_until(lambda: time.monotonic() > end)
        return "done"

    job = queue.create("email", ttl=300).save()
    wait_until(lambda: queue.complete() == [job.id])
    assert Job.get(job.id, queue=queue).ttl() == after


def test_a_run_goes_on_if_its_ttl_is_taken_away_from_outside(queue: Any) -> None:
    began = threading.Event()

    @queue.process("email")
    def work(job: Any) -> str:
        began.set()
        end = time.monotonic() + 0.45
        wait_until(lambda: time.monotonic() > end)
        return "done"

    job = queue.create("email", ttl=300).save()
    assert began.wait(10)
    job.ttl(None).update()
    wait_until(lambda: queue.complete() == [job.id])


def test_without_progress_only_the_next_run_has_the_new_ttl(queue: Any) -> None:
    future: Future[None] = Future()

    @queue.process("email")
    def work(job: Any) -> Any:
        if job.attempts_made:
            return future
        job.ttl(40)
        end = time.monotonic() + 0.15
        wait_until(lambda: time.monotonic() > end)
        raise ValueError("boom")

    job = queue.create("email", attempts=2).save()
    wait_until(lambda: queue.failed() == [job.id])
    assert Job.get_log(job.id, queue=queue) == ["ValueError: boom", "TTL exceeded"]
