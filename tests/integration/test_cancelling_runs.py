"""Cancelled jobs that run: they end when their handler does."""

import asyncio
import threading
import time
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.integration.test_cancelling import heard_of

NOTICED_SECONDS = 1.5
HOUR = 3_600_000
HANDLER_SECONDS = 20.0  # that a handler waits at most: less than the test waits


def until_cancelled(job: Any) -> None:
    deadline = time.monotonic() + HANDLER_SECONDS
    while time.monotonic() < deadline:
        job.raise_if_cancelled()
        time.sleep(0.002)


class Handler:
    """Notes the jobs that began, and how each ended."""

    def __init__(self) -> None:
        self.began: list[Any] = []
        self.ends: list[str] = []
        self.may_end = threading.Event()

    def stubborn(self, job: Any) -> str:
        """It sees that it was cancelled, ends when it may, and returns."""
        self.began.append(job)
        wait_until(lambda: job.cancelled or self.may_end.is_set(), HANDLER_SECONDS)
        self.ends.append("saw it")
        assert self.may_end.wait(HANDLER_SECONDS)
        return "done all the same"

    def obedient(self, job: Any) -> None:
        self.began.append(job)
        try:
            until_cancelled(job)
        except kue.Cancelled as cancelled:
            self.ends.append(cancelled.reason)
            raise

    async def coroutine(self, job: Any) -> None:
        self.began.append(job)
        try:
            await asyncio.sleep(HANDLER_SECONDS)
        except asyncio.CancelledError:
            self.ends.append("cleans up")
            await asyncio.sleep(0.05)
            self.ends.append("cleaned up")
            raise


@pytest.fixture
def handler() -> Any:
    handler = Handler()
    yield handler
    handler.may_end.set()


def test_the_process_notices_within_a_second_and_a_half(queue: Any, handler: Handler) -> None:
    queue.process("export", handler.obedient)
    job = queue.create("export", attempts=5).save()
    wait_until(lambda: handler.began)
    started = time.monotonic()
    assert job.cancel("stop") == job.state() == "active"
    wait_until(lambda: handler.ends)
    assert time.monotonic() - started < NOTICED_SECONDS
    wait_until(lambda: queue.failed() == [job.id])
    assert handler.ends == ["stop"]


def test_a_handler_that_ends_fails_its_job_for_good(queue: Any, handler: Handler, frequent_mail: None) -> None:
    heard = heard_of(queue)
    queue.process("export", handler.obedient)
    job = queue.create("export", attempts=5, backoff=True, delay=0).save()
    wait_until(lambda: handler.began)
    queue.cancel_by_id(job.id, "stop")
    wait_until(lambda: queue.failed() == [job.id])

    found = queue.get(job.id)
    assert (found.error(), found.attempts_made) == ("Cancelled: stop", 1)
    assert [(run["outcome"], run["error"]) for run in found.runs] == [("cancelled", "Cancelled: stop")]
    assert queue.get_log(job.id) == ["Cancelled: stop"]
    wait_until(lambda: len(heard) >= 3)
    assert heard[1:] == [(1, "error", "Cancelled: stop"), (1, "failed", "Cancelled: stop")]


def test_a_handler_that_returns_all_the_same_completes_its_job(
    queue: Any, handler: Handler, frequent_mail: None
) -> None:
    queue.process("export", handler.stubborn)
    job = queue.create("export").save()
    wait_until(lambda: handler.began)
    job.cancel()
    wait_until(lambda: handler.ends)
    handler.may_end.set()
    wait_until(lambda: queue.complete() == [job.id])
    assert queue.get(job.id).result == "done all the same"


def test_the_slot_stays_taken_until_the_handler_ends(queue: Any, handler: Handler, frequent_mail: None) -> None:
    queue.process("export", handler.stubborn)
    first, second = (queue.create("export").save() for _ in range(2))
    wait_until(lambda: handler.began)
    first.cancel()
    wait_until(lambda: handler.ends)
    assert queue.health()["active"] == 1 and queue.health()["strays"] == 0
    assert (queue.active(), queue.inactive()) == ([first.id], [second.id])
    handler.may_end.set()
    wait_until(lambda: len(handler.began) == 2)


def test_a_coroutine_is_cancelled_once_and_may_clean_up(queue: Any, handler: Handler, frequent_mail: None) -> None:
    queue.process("export", handler.coroutine)
    job = queue.create("export").save()
    wait_until(lambda: handler.began)
    job.cancel()
    wait_until(lambda: handler.ends)
    job.cancel("again")
    wait_until(lambda: queue.failed() == [job.id])
    assert handler.ends == ["cleans up", "cleaned up"]
    assert queue.get(job.id).error() == "Cancelled"


def test_a_handler_may_cancel_its_own_job(queue: Any, frequent_mail: None) -> None:
    def gives_up(job: Any) -> None:
        assert job.cancel("by itself") == "active"
        until_cancelled(job)

    queue.process("export", gives_up)
    job = queue.create("export", attempts=5).save()
    wait_until(lambda: queue.failed() == [job.id])
    assert queue.get(job.id).error() == "Cancelled: by itself"


def test_other_runs_and_other_objects_of_the_job_know_nothing(
    queue: Any, handler: Handler, frequent_mail: None
) -> None:
    queue.process("export", 2, handler.stubborn)
    first, second = (queue.create("export").save() for _ in range(2))
    wait_until(lambda: len(handler.began) == 2)
    first.cancel()
    wait_until(lambda: handler.ends)
    other = next(job for job in handler.began if job.id == second.id)
    assert not other.cancelled and not first.cancelled and not queue.get(first.id).cancelled
    assert other.raise_if_cancelled() is other and first.raise_if_cancelled() is first


@pytest.mark.parametrize("requeue", [False, True])
def test_a_shutdown_ends_a_cancelled_run_as_cancelled(
    make_queue: MakeQueue, handler: Handler, frequent_mail: None, requeue: bool
) -> None:
    queue, other = make_queue(), make_queue()
    queue.process("export", handler.stubborn)
    job = other.create("export", attempts=5).save()
    wait_until(lambda: handler.began)
    job.cancel("stop")
    wait_until(lambda: handler.ends)
    queue.shutdown(10, requeue=requeue)
    assert other.get(job.id).error() == "Cancelled: stop"
    assert other.failed() == [job.id]


@pytest.mark.parametrize("requeue", [False, True])
def test_a_shutdown_before_the_mail_was_read_ends_the_run_as_cancelled(
    make_queue: MakeQueue, handler: Handler, monkeypatch: pytest.MonkeyPatch, requeue: bool
) -> None:
    monkeypatch.setattr("kue.worker.mail._EVERY_SECONDS", 1e6)
    queue, other = make_queue(), make_queue()
    queue.process("export", handler.stubborn)
    job = other.create("export", attempts=5).save()
    wait_until(lambda: handler.began)
    job.cancel("stop")
    queue.shutdown(10, requeue=requeue)
    assert (other.failed(), other.get(job.id).error()) == ([job.id], "Cancelled: stop")
    assert other.get(job.id).runs[-1]["outcome"] == "cancelled"


def test_a_run_that_ends_at_its_ttl_ends_as_cancelled_and_makes_no_ghost(
    queue: Any, handler: Handler, frequent_mail: None
) -> None:
    queue.process("export", handler.stubborn)
    job = queue.create("export", attempts=5, ttl=600, ghost_on_ttl=True, ghost_retries=5).save()
    wait_until(lambda: handler.began)
    job.cancel("stop")
    wait_until(lambda: handler.ends)
    wait_until(lambda: queue.failed() == [job.id])
    assert queue.get(job.id).error() == "Cancelled: stop"


def test_mail_that_was_lost_is_made_up_for(
    queue: Any, client: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its key is gone before the process looks, as if it had not looked for longer than mail is kept."""
    monkeypatch.setattr("kue.worker.mail._EVERY_SECONDS", 0.3)
    monkeypatch.setattr("kue.worker.mail._MAX_GAP_SECONDS", 0.1)
    queue.process("export", handler.obedient)
    job = queue.create("export").save()
    wait_until(lambda: handler.began)
    job.cancel("stop")
    client.delete(f"q:py:mail:{queue.id}")
    wait_until(lambda: handler.ends == ["stop"])


def test_a_process_whose_mail_is_of_the_wrong_kind_looks_at_the_jobs_that_it_runs(
    queue: Any, client: Any, handler: Handler, errors: list[BaseException], frequent_mail: None
) -> None:
    queue.process("export", handler.obedient)
    job = queue.create("export").save()
    wait_until(lambda: handler.began)
    client.set(f"q:py:mail:{queue.id}", "poison")
    with pytest.raises(kue.RedisRefused, match="WRONGTYPE"):
        job.cancel("stop")
    wait_until(lambda: errors)
    client.hset(f"q:job:{job.id}", "py_cancel", f"{handler.began[0].worker_id}\nCancelled: stop")
    wait_until(lambda: handler.ends == ["stop"])
    client.delete(f"q:py:mail:{queue.id}")
    another = queue.create("export").save()  # a process that runs no job asks for nothing
    wait_until(lambda: len(errors) >= 2)
    another.cancel()
    wait_until(lambda: queue.failed_count() == 2)
    assert [type(problem) for problem in errors] == [kue.RedisRefused, kue.Recovered]
    errors.clear()


@pytest.mark.parametrize("how", ["its outcome was refused", "it was made active by hand"])
def test_a_job_that_nothing_runs_fails_though_its_process_lives(
    queue: Any, client: Any, errors: list[BaseException], frequent_mail: None, how: str
) -> None:
    queue.process("export", lambda job: "done")
    if how == "its outcome was refused":
        client.set("q:jobs:export:complete", "poison")
    job = queue.create("export", attempts=5).save()
    if how == "its outcome was refused":
        wait_until(lambda: errors and queue.health()["active"] == 0)
        client.delete("q:jobs:export:complete")
    else:
        wait_until(lambda: queue.complete() == [job.id])
        queue.get(job.id).active()
    assert queue.cancel_by_id(job.id, "stop") == "active"
    wait_until(lambda: queue.failed() == [job.id])
    assert queue.get(job.id).error() == "Cancelled: stop"
    errors.clear()
