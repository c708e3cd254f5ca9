"""What a handler has reported before is found by every lookup that it makes, as `get_field` finds it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

LOOKUPS: dict[str, Callable[[Any, Any], tuple[int, Any]]] = {
    "get": lambda job, queue: shown(Job.get(job.id, queue=queue)),
    "range": lambda job, queue: shown(Job.range(0, -1, queue=queue)[0]),
    "range_by_state": lambda job, queue: shown(Job.range_by_state("active", 0, -1, queue=queue)[0]),
    "range_by_type": lambda job, queue: shown(Job.range_by_type("email", "active", 0, -1, queue=queue)[0]),
}


def shown(job: Any) -> tuple[int, Any]:
    return job.progress(), job.progress_data


@pytest.mark.parametrize("lookup", LOOKUPS)
@pytest.mark.parametrize("own", [True, False])
def test_a_handler_finds_the_progress_it_has_reported(make_queue: MakeQueue, lookup: str, own: bool) -> None:
    queue, other = make_queue(), make_queue()
    found: list[Any] = []

    @queue.process("email")
    def work(job: Any) -> None:
        for n in range(50):
            job.progress(n, 100, {"step": n})
            found.append(LOOKUPS[lookup](job, queue if own else other))

    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    assert found == [(n, {"step": n}) for n in range(50)]


@pytest.mark.parametrize("form", ["plain", "short", "coroutine"])
def test_a_handler_finds_the_line_it_has_logged(queue: Any, form: str) -> None:
    found: list[bool] = []

    def work(job: Any) -> None:
        job.log("line of %s", job.id)
        found.append(Job.get_log(job.id, queue=queue) == [f"line of {job.id}"])

    def short(job: Any) -> None:
        if job.id > 60:  # the ones before make it count as short, so that the I/O thread itself calls it
            work(job)

    async def coroutine(job: Any) -> None:
        await asyncio.sleep(0)
        work(job)

    queue.process("email", 2, {"plain": work, "short": short, "coroutine": coroutine}[form])
    queue.save_all(queue.create("email") for _ in range(100))
    wait_until(lambda: queue.complete_count() == 100)
    assert found == [True] * (40 if form == "short" else 100)


def test_what_follows_done_finds_the_outcome(queue: Any) -> None:
    found: list[Any] = []

    @queue.process("email", 2)
    def work(job: Any, done: Any) -> None:
        done(None, {"number": job.id})
        again = Job.get(job.id, queue=queue)
        found.append((again.state(), again.result))

    queue.save_all(queue.create("email") for _ in range(50))
    wait_until(lambda: len(found) == 50)
    assert sorted(found, key=lambda pair: pair[1]["number"]) == [("complete", {"number": n}) for n in range(1, 51)]


def test_a_job_that_a_handler_removes_by_id_is_gone_with_what_was_reported(queue: Any, errors: list[Any]) -> None:
    heard: list[Any] = []
    queue.on("job progress", lambda id, progress: heard.append(progress))

    @queue.process("email")
    def work(job: Any) -> None:
        job.log("a line").progress(50, 100)
        Job.remove_by_id(job.id, queue=queue)

    queue.create("email").save()
    wait_until(lambda: errors)
    assert [type(problem) for problem in errors] == [kue.JobLost], "of the outcome only"
    errors.clear()
    wait_until(lambda: heard == [50])
    assert queue.runtime.store.log(1) == []


def test_a_lookup_without_reports_before_it_waits_for_nothing(queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []
    queue.process("email", lambda job: found.append(Job.get(job.id, queue=queue).type))
    flushes: list[Any] = []
    monkeypatch.setattr(queue._pool.loop, "flush", lambda *args: flushes.append(args))
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    assert (found, flushes) == (["email"], [])
