"""Middleware of runs that end before their handlers: a generator is closed, and not before its handler has returned."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.helpers import wait_until
from tests.integration.middleware import FORMS, Around, Forms, Gate, Noted

TTL_MS = 50


def end_at_ttl(queue: Any, gate: Gate, **options: Any) -> Any:
    job = queue.create("email", ttl=TTL_MS, **options).save()
    assert gate.waiting.wait(10)
    wait_until(lambda: queue.get(job.id).state() == "failed")
    return job


def end_by_shutdown(queue: Any, gate: Gate) -> Any:
    job = queue.create("email").save()
    assert gate.waiting.wait(10)
    queue.shutdown(1, "email")
    wait_until(lambda: queue.get(job.id).state() == "failed")
    return job


def put_back_by_shutdown(queue: Any, gate: Gate) -> Any:
    job = queue.create("email").save()
    assert gate.waiting.wait(10)
    queue.shutdown(1, "email", requeue=True)
    wait_until(lambda: queue.get(job.id).state() == "inactive")
    return job


ENDS = (end_at_ttl, end_by_shutdown, put_back_by_shutdown)


@pytest.mark.parametrize("form", FORMS)
def test_a_generator_is_left_in_the_context_that_it_was_entered_in(queue: Any, form: str) -> None:
    around = queue.use(Around())
    with Forms(lambda job: 1) as forms:
        queue.process("email", 4, getattr(forms, form))
        queue.save_all(queue.create("email") for _ in range(50))
        wait_until(lambda: queue.complete_count() + queue.failed_count() == 50)
    assert queue.failed_count() == 0
    around.check("result", 50)


@pytest.mark.parametrize("end", ENDS)
def test_that_of_a_plain_handler_is_closed_when_it_returns_on_its_thread(
    queue: Any, gate: Gate, end: Callable[..., Any]
) -> None:
    around = queue.use(Around())
    queue.process("email", lambda job: gate())
    job = end(queue, gate)
    assert around.left == [] and queue.health()["strays"] == 1, "the handler still runs"
    state = queue.get(job.id).state()
    gate.open.set()
    around.check("GeneratorExit")
    assert around.left == around.entered
    wait_until(lambda: queue.health()["strays"] == 0)
    assert queue.get(job.id).state() == state and queue.get(job.id).result is None


@pytest.mark.parametrize("outcome", ["done", "raises", "silent"])
def test_that_of_a_handler_with_done_is_closed_when_it_returns(queue: Any, gate: Gate, outcome: str) -> None:
    around = queue.use(Around())

    def handler(job: Any, done: Any) -> None:
        gate()
        if outcome == "done":
            done(None, 1)
        elif outcome == "raises":
            raise ValueError("late")

    queue.process("email", handler)
    end_at_ttl(queue, gate)
    assert around.left == []
    gate.open.set()
    around.check("GeneratorExit")
    assert around.left == around.entered or outcome == "silent"


@pytest.mark.parametrize("end", ENDS)
def test_that_of_a_handler_that_has_returned_and_never_calls_done_is_closed_at_the_end_of_its_run(
    queue: Any, gate: Gate, end: Callable[..., Any]
) -> None:
    around = queue.use(Around())
    kept: list[Any] = []

    def handler(job: Any, done: Any) -> None:
        kept.append(done)
        gate.waiting.set()

    queue.process("email", handler)
    job = end(queue, gate)
    around.check("GeneratorExit")
    assert {thread.name for thread in around.left} == {"kue-handler"}, "neither the I/O nor the shutdown waits for it"
    state = queue.get(job.id).state()
    kept[0](None, "too late")
    assert queue.get(job.id).state() == state


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("with_done", [False, True])
def test_that_of_a_coroutine_is_closed_on_the_loop_after_its_cleanup(
    queue: Any, gate: Gate, with_done: bool, end: Callable[..., Any]
) -> None:
    around = queue.use(Around())
    cleaned: list[int] = []

    async def work(*args: Any) -> None:
        gate.waiting.set()
        try:
            await asyncio.sleep(20)
        finally:
            for _ in range(3):
                await asyncio.sleep(0.001)
            cleaned.append(len(around.left))

    async def handler(job: Any) -> None:
        await work()

    async def handler_with_done(job: Any, done: Any) -> None:
        await work()

    queue.process("email", handler_with_done if with_done else handler)
    end(queue, gate)
    around.check("GeneratorExit")
    assert cleaned == [0], "closed after the cleanup"
    assert {thread.name for thread in around.entered + around.left} == {"kue-asyncio"}


def test_that_of_a_coroutine_that_has_returned_and_never_calls_done_is_closed_on_the_loop(
    queue: Any, gate: Gate
) -> None:
    around = queue.use(Around())

    async def handler(job: Any, done: Any) -> None:
        gate.waiting.set()

    queue.process("email", handler)
    end_at_ttl(queue, gate)
    around.check("GeneratorExit")
    assert [thread.name for thread in around.left] == ["kue-asyncio"]


@pytest.mark.parametrize("end", ENDS)
def test_that_of_a_waiting_future_is_closed_as_it_is_cancelled(queue: Any, gate: Gate, end: Callable[..., Any]) -> None:
    around = queue.use(Around())
    future: Future[None] = Future()

    def handler(job: Any) -> Future[None]:
        gate.waiting.set()
        return future

    queue.process("email", handler)
    end(queue, gate)
    around.check("GeneratorExit")
    assert future.cancelled() and {thread.name for thread in around.left} == {"kue-handler"}


def test_that_of_a_future_that_runs_is_closed_when_it_ends(queue: Any, gate: Gate) -> None:
    around = queue.use(Around())
    with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
        queue.process("email", lambda job: pool.submit(gate))
        end_at_ttl(queue, gate)
        assert around.left == []
        gate.open.set()
        around.check("GeneratorExit")
        assert around.left[0].name.startswith("pool")


def test_a_future_that_is_returned_after_the_end_of_the_run_is_cancelled(queue: Any, gate: Gate) -> None:
    around = queue.use(Around())
    future: Future[None] = Future()
    queue.process("email", lambda job: gate() and future)
    end_at_ttl(queue, gate)
    gate.open.set()
    around.check("GeneratorExit")
    assert future.cancelled()


def test_the_outer_generators_are_closed_if_the_run_ends_while_an_inner_one_goes_on(queue: Any, gate: Gate) -> None:
    outer = queue.use(Around())

    @queue.use
    def slow(job: Any) -> Iterator[None]:
        yield
        gate()

    queue.process("email", lambda job: None)
    end_at_ttl(queue, gate)
    gate.open.set()
    outer.check("GeneratorExit")


def test_what_a_generator_raises_when_it_is_closed_is_reported_and_the_others_are_closed(
    queue: Any, gate: Gate, errors: list[BaseException]
) -> None:
    outer = queue.use(Around())

    @queue.use
    def stubborn(job: Any) -> Iterator[None]:
        try:
            yield
        finally:
            yield

    @queue.use
    def clumsy(job: Any) -> Iterator[None]:
        try:
            yield
        finally:
            raise LookupError("no such thing")

    queue.process("email", lambda job: gate())
    job = end_at_ttl(queue, gate)
    gate.open.set()
    outer.check("GeneratorExit")
    wait_until(lambda: len(errors) == 2)
    stands = f"when it was closed; the outcome of job {job.id} stands"
    assert [str(problem) for problem in errors] == [
        f"a middleware raised LookupError: no such thing {stands}",
        f"a middleware raised RuntimeError: generator ignored GeneratorExit {stands}",
    ]
    errors.clear()


def test_a_run_that_ends_before_its_handler_was_called_enters_nothing(queue: Any, gate: Gate) -> None:
    noted = queue.use(Noted())
    queue.process("email", lambda job, ctx, done: (ctx.pause(None), gate(), done()))
    queue.save_all(queue.create("email") for _ in range(3))
    assert gate.waiting.wait(10)
    gate.open.set()
    wait_until(lambda: queue.complete_count() == 1)
    wait_until(lambda: queue.inactive_count() == 2)
    assert len(noted.results) == 1 and noted.log.count(" before") == 1


@pytest.mark.parametrize("form", ["plain", "coroutine", "done"])
@pytest.mark.parametrize("end", ENDS)
def test_a_handler_is_not_called_once_its_run_ended_while_a_generator_prepared(
    queue: Any, gate: Gate, end: Callable[..., Any], form: str
) -> None:
    outer, calls = queue.use(Around()), list[Any]()

    @queue.use
    def prepare(job: Any) -> Iterator[None]:
        gate()
        yield

    with Forms(calls.append) as forms:
        queue.process("email", getattr(forms, form))
        end(queue, gate)
        gate.open.set()
        outer.check("GeneratorExit")
    assert calls == []
