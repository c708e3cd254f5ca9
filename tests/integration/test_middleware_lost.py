"""Middleware of a run that has lost its job, and whose handler waits for `done`: its slot gets free when that comes."""

from collections.abc import Iterator
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.middleware import Around, Gate


@pytest.mark.parametrize("call", ["later", "under way"])
def test_a_run_that_has_lost_its_job_has_its_generator_closed_and_frees_its_slot_when_done_is_called(
    queue: Any, errors: list[BaseException], call: str
) -> None:
    around = queue.use(Around())
    kept: list[Any] = []
    queue.process("email", lambda job, done: kept.append((job, done)))
    job = queue.create("email").save()
    wait_until(lambda: kept)
    (worker,) = queue.workers
    lost = worker.run
    wait_until(lambda: lost.cancel)
    middleware = lost.middleware
    queue.get(job.id).failed()
    kept[0][0].log("too late")
    around.check("GeneratorExit")
    wait_until(lambda: lost.middleware is None)
    assert worker.run is lost, "until the handler ends"
    if call == "later":
        kept[0][1](None, 1)
    else:
        middleware.done(None, 1)  # a call that found the generators open
    wait_until(lambda: worker.run is None)
    assert queue.get(job.id).state() == "failed"
    wait_until(lambda: errors)
    assert [type(problem) for problem in errors] == [kue.JobLost]
    errors.clear()


def test_a_run_that_has_lost_its_job_frees_its_slot_if_done_is_called_while_its_generator_is_closed(
    queue: Any, gate: Gate, errors: list[BaseException]
) -> None:
    @queue.use
    def slow_to_close(job: Any) -> Iterator[None]:
        try:
            yield
        finally:
            gate()

    kept: list[Any] = []
    queue.process("email", lambda job, done: kept.append((job, done)))
    job = queue.create("email").save()
    (worker,) = queue.workers
    wait_until(lambda: kept and worker.run is not None and worker.run.cancel)
    queue.get(job.id).failed()
    kept[0][0].log("too late")
    assert gate.waiting.wait(10), "the generator is being closed"
    kept[0][1](None, 1)
    assert worker.run is not None
    gate.open.set()
    wait_until(lambda: worker.run is None)
    wait_until(lambda: errors)
    errors.clear()
