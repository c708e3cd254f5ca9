"""Runs endpoints in threads: a few at once, and none is waited for longer than a client would.

A call to Redis that hangs cannot be ended. Its thread keeps its place until it ends by itself, so that an outage fills
the places and makes no more threads.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread

from kue.common.flag import Flag
from kue.errors import ConnectionFailed
from kue.web.refused import Refused

T = TypeVar("T")
_NO_LIMIT = float("inf")


class Threads:
    """At most `at_once` calls at the same time."""

    def __init__(self, at_once: int) -> None:
        self._places = asyncio.Semaphore(at_once)

    async def run(self, function: Callable[[], T], seconds: float, given_up: Flag | None = None) -> T:
        """Call a function in a thread. The time counts from the wait for a place on.

        Raises `Refused` (503) if no place comes free in time, and `ConnectionFailed` if the function takes longer.
        `given_up` is set then.
        """
        end = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(end):
                await self._places.acquire()
        except TimeoutError:
            raise Refused(
                503, "the server is busy with other requests; nothing of this one was done", {"Retry-After": "1"}
            ) from None
        try:
            async with asyncio.timeout_at(end):
                return await self._run(function)
        except TimeoutError:
            if given_up is not None:
                given_up.set()
            raise ConnectionFailed(
                f"there was no answer within {seconds:.1f} s, from Redis or because the server is busy; "
                "what was asked for may still be carried out",
                sent=True,
            ) from None

    async def _run(self, function: Callable[[], T]) -> T:
        """Call a function in a thread that has a place."""
        loop = asyncio.get_running_loop()
        began = False

        def call() -> T:
            nonlocal began
            began = True
            try:
                return function()
            finally:
                with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                    loop.call_soon_threadsafe(self._places.release)

        try:
            limiter = anyio.CapacityLimiter(_NO_LIMIT)
            return await anyio.to_thread.run_sync(call, abandon_on_cancel=True, limiter=limiter)
        except BaseException:
            if not began:
                self._places.release()
            raise
