"""Middleware of runs that a shutdown of the queue ends: all is cleaned up before the call returns."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from tests.integration.conftest import MakeQueue
from tests.integration.middleware import Around, Gate


def test_coroutines_are_cancelled_and_their_generators_closed_by_a_shutdown_of_the_queue(make_queue: MakeQueue) -> None:
    queue, entered = make_queue(), threading.Event()
    around = queue.use(Around())

    async def handler(job: Any) -> None:
        entered.set()
        await asyncio.sleep(20)

    queue.process("email", handler)
    queue.create("email").save()
    assert entered.wait(10)
    queue.shutdown(1)
    assert around.how == ["GeneratorExit"] and around.problems == [], "before the shutdown returned"


@pytest.mark.parametrize("form", ["future", "done"])
def test_those_of_other_handlers_are_closed_too_before_the_shutdown_returns(
    make_queue: MakeQueue, gate: Gate, form: str
) -> None:
    queue, returned, cleaned = make_queue(), threading.Event(), list[str]()

    @queue.use
    def slow(job: Any) -> Iterator[None]:
        try:
            yield
        finally:
            gate.open.wait(0.2)
            cleaned.append("the generator")

    def with_future(job: Any) -> Future[None]:
        future = Future[None]()
        future.add_done_callback(lambda future: gate.open.wait(0.2) or cleaned.append("the Future"))
        returned.set()
        return future

    def with_done(job: Any, done: Any) -> None:
        returned.set()

    queue.process("email", {"future": with_future, "done": with_done}[form])
    queue.create("email").save()
    assert returned.wait(10)
    queue.shutdown(1)
    assert cleaned == [*(["the Future"] if form == "future" else []), "the generator"]
