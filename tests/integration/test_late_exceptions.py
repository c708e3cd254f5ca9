"""Exceptions that are thrown into a thread too late, as libraries for time limits do: no job and no thread is lost."""

import asyncio
import ctypes
import itertools
import sys
import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from kue import Job
from kue.errors import Recovered
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

pytestmark = [
    pytest.mark.untraced,
    pytest.mark.skipif(sys.gettrace() is not None, reason="Python 3.11 would hang while its threads are traced"),
]


class TooSlow(Exception):
    """What a library for time limits throws."""


THROWN = (TooSlow, SystemExit)


def threads(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


def throw(problem: type[BaseException], *into: threading.Thread) -> None:
    for thread in into:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(problem))


@pytest.fixture
def thrown(errors: list[BaseException]) -> Iterator[list[BaseException]]:
    """The errors that were reported. Each must be about an exception that a test threw."""
    yield errors
    assert [problem for problem in errors if not isinstance(problem, Recovered) and not was_thrown(problem)] == []
    errors.clear()


def was_thrown(problem: BaseException | None) -> bool:
    while problem is not None and not isinstance(problem, THROWN):
        problem = problem.__cause__
    return problem is not None


def blocking(job: Any) -> None:
    time.sleep(0.001)  # too long for the I/O thread


async def coroutine(job: Any) -> None:
    await asyncio.sleep(0)


def middleware(job: Any) -> Iterator[None]:
    yield


@pytest.mark.parametrize("problem", THROWN)
def test_a_job_whose_thread_was_hit_before_its_handler_was_called_goes_back_and_runs(
    thrown: list[BaseException], queue: Any, problem: type[BaseException]
) -> None:
    ran: list[int] = []
    queue.process("email", lambda job: (ran.append(job.id), blocking(job))[1])
    jobs = [queue.create("email").save()]
    wait_until(lambda: queue.complete_count() == 1)
    for n in range(2, 22):
        # All of them: an exception in the middle of a report of another one would block `logging`.
        wait_until(lambda: len(queue._pool.executor._threads._idle) == len(threads("kue-handler")))
        throw(problem, *threads("kue-handler"))
        jobs.append(queue.create("email").save())
        wait_until(lambda n=n: queue.complete_count() == n)
    assert ran == [job.id for job in jobs], "each ran once"
    found = [Job.get(job.id, queue=queue) for job in jobs]
    assert {job.attempts_made for job in found} == {1}
    put_back = [job for job in found if job.requeues]
    assert len(put_back) > 10, "the exception reached the idle threads"
    line = f"put back: {problem.__name__} was thrown into its thread before the handler was called"
    assert Job.get_log(put_back[0].id, queue=queue) == [line]
    reported = "an exception was thrown into a thread while no handler ran; job {} goes back"
    expected = sorted(reported.format(job.id) for job in put_back for _ in range(job.requeues))
    wait_until(lambda: sorted(str(error) for error in thrown if "goes back" in str(error)) == expected)


@pytest.mark.parametrize("layers", [0, 3])
@pytest.mark.parametrize("problem", THROWN)
def test_no_job_and_no_slot_is_lost_if_limits_end_handlers_at_any_moment(
    thrown: list[BaseException], queue: Any, problem: type[BaseException], layers: int
) -> None:
    """One handler in ten has a limit that ends about when it does. Two exceptions at a time would block `logging`."""
    for _ in range(layers):
        queue.use(middleware)
    limited: SimpleQueue[tuple[threading.Thread, float] | None] = SimpleQueue()
    runs = itertools.count()

    def work(job: Any) -> None:
        run = next(runs)
        if run % 10 == 0:
            limited.put((threading.current_thread(), time.perf_counter() + 0.001 + run % 7 * 0.0001))
        blocking(job)

    def end_them() -> None:
        while (item := limited.get()) is not None:
            thread, end = item
            while time.perf_counter() < end:
                time.sleep(0)
            throw(problem, thread)

    limiter = threading.Thread(target=end_them)
    limiter.start()
    queue.process("email", 3, work)
    queue.save_all(queue.create("email", attempts=20) for _ in range(1000))
    wait_until(lambda: queue.complete_count() == 1000, 30)
    limited.put(None)
    limiter.join()
    wait_until(lambda: queue.health()["active"] == 0)
    assert queue.active_count() == queue.failed_count() == queue.health()["strays"] == 0


@pytest.mark.parametrize("layers", [0, 3])
@pytest.mark.parametrize("problem", THROWN)
def test_coroutines_run_on_after_an_exception_hit_the_event_loop(
    thrown: list[BaseException], queue: Any, problem: type[BaseException], layers: int
) -> None:
    for _ in range(layers):
        queue.use(middleware)
    queue.process("email", 2, coroutine)
    for n in range(1, 11):
        queue.create("email").save()
        wait_until(lambda n=n: queue.complete_count() == n)
        throw(problem, *threads("kue-asyncio"))


@pytest.mark.parametrize("problem", THROWN)
def test_the_io_thread_goes_on_after_an_exception_hit_it(
    thrown: list[BaseException], queue: Any, problem: type[BaseException]
) -> None:
    queue.process("email", 2, lambda job: None)
    for n in range(1, 6):
        queue.create("email").save()
        wait_until(lambda n=n: queue.complete_count() == n)
        throw(problem, *threads("kue-io"))
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 6 and queue.health()["connected"])


@pytest.mark.parametrize("problem", THROWN)
def test_listeners_are_called_after_an_exception_hit_their_thread(
    thrown: list[BaseException], queue: Any, problem: type[BaseException]
) -> None:
    heard: list[int] = []
    queue.on("job complete", heard.append)
    queue.process("email", lambda job: None)
    for n in range(1, 11):
        queue.create("email").save()
        wait_until(lambda n=n: len(heard) == n)
        throw(problem, *threads("kue-listeners"))
    assert heard == list(range(1, 11))


@pytest.mark.parametrize("problem", THROWN)
def test_promises_settle_after_an_exception_hit_the_thread_that_settles_them(
    thrown: list[BaseException], make_queue: MakeQueue, problem: type[BaseException]
) -> None:
    queue = make_queue(send=True)
    queue.process("email", lambda job: job.id)
    for n in range(1, 6):
        promise = queue.create("email").promise()
        assert promise.result(20) == n
        throw(problem, *threads("kue-events"))
