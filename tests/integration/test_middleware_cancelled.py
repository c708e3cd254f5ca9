"""Middleware of a job that is cancelled while it runs: work that is done counts, and else the generator is closed."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.middleware import Around, Gate

pytestmark = pytest.mark.slow  # the mail of a process is read once a second


def cancel(queue: Any, gate: Gate) -> Any:
    """Save a job, and cancel it while it runs. Returns it, and its run."""
    job = queue.create("email", attempts=3).save()
    assert gate.waiting.wait(10)
    (worker,) = queue.workers
    run = worker.run
    assert queue.get(job.id).cancel("why") == "active"
    wait_until(lambda: run.cancellation)
    return job


def check_failed(queue: Any, job: Any) -> None:
    wait_until(lambda: queue.get(job.id).state() == "failed")
    assert queue.get(job.id).error() == "Cancelled: why"


@pytest.mark.parametrize("problem", [None, LookupError("in the cleanup"), kue.Snooze(5)], ids=repr)
def test_a_handler_that_raises_has_its_generator_closed(queue: Any, gate: Gate, problem: Any) -> None:
    around = queue.use(Around())

    def handler(job: Any) -> None:
        gate()
        if problem is not None:
            raise problem
        job.raise_if_cancelled()

    queue.process("email", handler)
    job = cancel(queue, gate)
    assert around.left == []
    gate.open.set()
    around.check("GeneratorExit")
    assert around.left == around.entered
    check_failed(queue, job)


def test_a_handler_is_not_called_once_its_job_was_cancelled_while_a_generator_prepared(queue: Any, gate: Gate) -> None:
    around, calls = queue.use(Around()), list[Any]()

    @queue.use
    def prepare(job: Any) -> Iterator[None]:
        gate()
        yield

    queue.process("email", calls.append)
    job = cancel(queue, gate)
    gate.open.set()
    around.check("GeneratorExit")
    check_failed(queue, job)
    assert calls == []


def test_the_generator_of_a_handler_that_returns_all_the_same_gets_the_result(queue: Any, gate: Gate) -> None:
    around = queue.use(Around())
    queue.process("email", lambda job: gate())
    job = cancel(queue, gate)
    gate.open.set()
    around.check("result")
    wait_until(lambda: queue.get(job.id).state() == "complete")
    assert queue.get(job.id).result == "late"


def test_a_coroutine_cleans_up_before_its_generator_is_closed_on_the_loop(queue: Any, gate: Gate) -> None:
    around, cleaned = queue.use(Around()), []

    async def handler(job: Any) -> None:
        gate.waiting.set()
        try:
            await asyncio.sleep(20)
        finally:
            await asyncio.sleep(0.001)
            cleaned.append(len(around.left))

    queue.process("email", handler)
    job = cancel(queue, gate)
    around.check("GeneratorExit")
    assert cleaned == [0] and [thread.name for thread in around.left] == ["kue-asyncio"]
    check_failed(queue, job)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_future_is_cancelled_and_its_generator_closed_on_a_thread_that_may_wait(
    queue: Any, gate: Gate, when: str
) -> None:
    around, future = queue.use(Around()), Future[None]()

    def handler(job: Any) -> Future[None]:
        gate.waiting.set()
        if when == "after":
            gate()
        return future

    queue.process("email", handler)
    job = cancel(queue, gate)
    gate.open.set()
    around.check("GeneratorExit")
    assert future.cancelled() and [thread.name for thread in around.left] == ["kue-handler"]
    check_failed(queue, job)


def test_that_of_a_handler_with_done_stays_open_until_it_calls_done(queue: Any, gate: Gate) -> None:
    around, kept = queue.use(Around()), []

    def handler(job: Any, done: Any) -> None:
        kept.append(done)
        gate.waiting.set()

    queue.process("email", handler)
    job = cancel(queue, gate)
    assert queue.get(job.id).state() == "active" and around.left == []
    kept[0](kue.Cancelled())
    around.check("GeneratorExit")
    check_failed(queue, job)


def test_a_generator_may_look_whether_its_job_was_cancelled(queue: Any, gate: Gate) -> None:
    @queue.use
    def check(job: Any) -> Iterator[None]:
        yield
        job.raise_if_cancelled()

    queue.process("email", lambda job: gate())
    job = cancel(queue, gate)
    gate.open.set()
    check_failed(queue, job)
