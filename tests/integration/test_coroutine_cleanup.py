"""A coroutine that is cancelled may await things to clean up: it is cancelled once, and gets until the deadline."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kue.queue.queue import _AFTER_TIMEOUT_SECONDS as AFTER_TIMEOUT_SECONDS
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

CLEANUP_SECONDS = 0.2


class Cleans:
    """A handler that waits for ever, and awaits something to clean up when it is cancelled."""

    def __init__(self, cleanup: Callable[[], Awaitable[object]]) -> None:
        self.cleanup = cleanup
        self.cancelled: list[int] = []
        self.cleaned: list[int] = []
        self.started: list[int] = []

    async def __call__(self, job: Any) -> None:
        self.started.append(job.id)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.append(job.id)
            raise
        finally:
            await self.cleanup()
            self.cleaned.append(job.id)


async def rest() -> None:
    await asyncio.sleep(CLEANUP_SECONDS)


async def rest_in_a_task() -> None:
    await asyncio.create_task(rest())


def until(let_go: threading.Event) -> Callable[[], Awaitable[object]]:
    """A cleanup that goes on until it is let go."""

    async def until_let_go() -> None:
        while not let_go.is_set():
            await asyncio.sleep(0.01)

    return until_let_go


CLEANUPS: dict[str, Callable[[], Awaitable[object]]] = {
    "sleep": rest,
    "task": rest_in_a_task,
    "gather": lambda: asyncio.gather(rest(), rest()),
    "wait_for": lambda: asyncio.wait_for(rest(), 10),
}


@pytest.mark.parametrize("cleanup", CLEANUPS)
@pytest.mark.parametrize("requeue", [False, True])
def test_the_cleanup_of_a_coroutine_is_not_interrupted_at_the_deadline_of_a_shutdown(
    make_queue: MakeQueue, cleanup: str, requeue: bool
) -> None:
    queue, look = make_queue(), make_queue()
    handler = Cleans(CLEANUPS[cleanup])
    queue.process("email", 2, handler)
    jobs = queue.save_all(queue.create("email") for _ in range(2))
    wait_until(lambda: len(handler.started) == 2)
    queue.shutdown(50, requeue=requeue)
    ids = [job.id for job in jobs]
    assert sorted(handler.cancelled) == sorted(handler.cleaned) == ids
    assert (look.inactive() if requeue else look.failed()) == ids


@pytest.mark.parametrize("timeout", [10_000, None])
def test_the_cleanup_after_a_ttl_goes_on_while_the_queue_is_shut_down(queue: Any, timeout: int | None) -> None:
    let_go = threading.Event()
    handler = Cleans(until(let_go))
    queue.process("email", handler)
    queue.create("email", ttl=30).save()
    wait_until(lambda: handler.cancelled and queue.failed_count() == 1)
    stopping = threading.Thread(target=lambda: queue.shutdown(timeout))
    stopping.start()
    wait_until(lambda: queue._pool.executor._loop._stopping)
    assert handler.cleaned == []
    let_go.set()
    stopping.join(10)
    assert (len(handler.cancelled), len(handler.cleaned)) == (1, 1)


@pytest.mark.parametrize("timeout", [0, 300])
def test_a_cleanup_has_one_second_after_the_deadline_of_a_shutdown(queue: Any, timeout: int) -> None:
    let_go = threading.Event()
    handler = Cleans(until(let_go))
    queue.process("email", handler)
    queue.create("email").save()
    wait_until(lambda: handler.started)
    event_loop = queue._pool.executor._loop
    began = time.monotonic()
    stopping = threading.Thread(target=queue.shutdown, args=[timeout])
    stopping.start()
    wait_until(lambda: event_loop._stopping)
    assert event_loop._deadline >= began + timeout / 1000 + 1.0
    let_go.set()
    stopping.join(10)
    assert handler.cleaned


@pytest.mark.parametrize("timeout", [0, 300])
def test_a_cleanup_without_end_delays_a_shutdown_by_less_than_two_seconds(
    queue: Any, monkeypatch: pytest.MonkeyPatch, timeout: int
) -> None:
    assert AFTER_TIMEOUT_SECONDS < 2
    monkeypatch.setattr("kue.queue.queue._AFTER_TIMEOUT_SECONDS", AFTER_TIMEOUT_SECONDS / 5)  # the rest is a reserve

    async def for_ever() -> None:
        await asyncio.Event().wait()

    handler = Cleans(for_ever)
    queue.process("email", handler)
    queue.create("email").save()
    wait_until(lambda: handler.started)
    began = time.monotonic()
    queue.shutdown(timeout)
    assert time.monotonic() - began < timeout / 1000 + 2
    wait_until(lambda: handler.cancelled)
    assert not handler.cleaned


def test_a_coroutine_whose_run_ended_with_done_is_cancelled_once_at_the_end(queue: Any) -> None:
    handler = Cleans(rest)

    async def with_done(job: Any, done: Any) -> None:
        done()
        await handler(job)

    queue.process("email", with_done)
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    queue.shutdown(10_000)
    assert (len(handler.cancelled), len(handler.cleaned)) == (1, 1)


def test_tasks_that_a_handler_left_behind_are_cancelled_after_the_handlers(queue: Any) -> None:
    order: list[str] = []

    async def background() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            order.append("background")

    tasks = []

    async def work(job: Any) -> None:
        tasks.append(asyncio.create_task(background()))
        try:
            await asyncio.Event().wait()
        finally:
            await rest()
            order.append("handler")

    queue.process("email", work)
    queue.create("email").save()
    wait_until(lambda: tasks)
    queue.shutdown(0)
    assert order == ["handler", "background"]


def test_a_run_that_is_given_up_twice_is_cancelled_once(queue: Any) -> None:
    """At its ttl, and once more when the answer says that another worker has the job."""
    handler = Cleans(rest)
    queue.process("email", handler)
    queue.create("email").save()
    wait_until(lambda: handler.started)
    (run,) = queue._pool.slots.unsettled_runs()
    for _ in range(2):
        queue._pool.tracker.abandon(run)
        wait_until(lambda: handler.cancelled)
    wait_until(lambda: handler.cleaned)
    assert len(handler.cancelled) == 1
