"""The event loop of coroutine handlers, and its end."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from kue.worker.execution.event_loop import EventLoopThread


def test_a_cleanup_without_end_is_interrupted_while_the_stop_still_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kue.worker.execution.event_loop._LAST_SECONDS", 10.0)  # a slow machine has time for it, too
    began, ended = threading.Event(), threading.Event()
    loop = EventLoopThread()

    async def clean_up_for_ever() -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

    loop.call(lambda: loop.handlers.add(asyncio.get_running_loop().create_task(clean_up_for_ever())))
    assert began.wait(10)
    loop.stop(10.3)
    assert ended.is_set() and not loop.is_alive


def test_async_generators_that_a_handler_left_open_are_closed_at_the_end() -> None:
    began, closed = threading.Event(), threading.Event()
    loop = EventLoopThread()
    kept: list[AsyncIterator[int]] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            closed.set()

    async def begin() -> None:
        kept.append(numbers())
        await anext(kept[0])
        began.set()

    loop.call(lambda: loop.handlers.add(asyncio.get_running_loop().create_task(begin())))
    assert began.wait(10)
    loop.stop()
    assert closed.is_set() and not loop.is_alive
