"""The event loop of coroutine handlers, and its thread: it runs them, and cancels what is left at its end.

A coroutine is cancelled once, so that what it awaits to clean up is not interrupted before the end of `stop`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Any

from kue.errors import ForkedChild

logger = logging.getLogger("kue")
_LAST_SECONDS = 0.2  # of the time of `stop`: for tasks to end once all were cancelled
_CLOSE_SECONDS = 0.1  # of the time of `stop`: for the loop to close


class EventLoopThread:
    """An event loop whose thread starts with the first call. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._calls: deque[tuple[Callable[[], Any], Callable[[BaseException], Any]]] = deque()
        self._scheduled = False
        self._stopping = False
        self._deadline = 0.0  # of `stop`, by the monotonic clock
        self.handlers: set[asyncio.Task[Any]] = set()  # tasks that run handlers; for the loop's thread

    def call(self, call: Callable[[], Any], raised: Callable[[BaseException], Any] = lambda problem: None) -> None:
        """Make a call on the loop's thread. Many calls wake the loop once. Raises `RuntimeError` after `stop`.

        If the call raises, or an exception is thrown into the thread before it is made, `raised` gets the exception.
        """
        if self._stopping:
            raise RuntimeError("the event loop of the handlers has ended")
        self._calls.append((call, raised))
        if not self._scheduled:
            self._scheduled = True
            # Without a context of its own, it would get the variables of the handler that happens to make this call.
            self._started().call_soon_threadsafe(self._run_calls, context=Context())

    def _run_calls(self) -> None:
        self._scheduled = False
        while self._calls:
            call, raised = self._calls[0]
            del self._calls[0]  # not by a call, at whose end an exception could be thrown into this thread
            try:
                call()
            except ForkedChild:
                raise
            except BaseException as problem:
                logger.exception("a call on the event loop of the handlers failed")
                raised(problem)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._run, args=(self._loop,), name="kue-asyncio", daemon=True)
                self._thread.start()
            return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        self._run_despite_exits(loop, loop.run_forever)
        self._run_despite_exits(loop, lambda: loop.run_until_complete(self._cancel_all()))
        self._run_despite_exits(loop, lambda: loop.run_until_complete(loop.shutdown_asyncgens()))
        loop.close()

    def _run_despite_exits(self, loop: asyncio.AbstractEventLoop, run: Callable[[], object]) -> None:
        """Go on after a sys.exit() in a coroutine: it has failed its own job, and the loop belongs to all handlers."""
        while True:
            try:
                run()
                return
            except BaseException:
                logger.exception("a coroutine would have ended the event loop")
                loop.call_soon(self._run_calls)  # the exception may have come in place of these calls

    def stop(self, timeout: float = 5.0) -> None:
        """Cancel the handlers that still run, wait for them, and end the loop and its thread, in `timeout` seconds.

        Those that were cancelled before are not cancelled again until the time is almost up.
        """
        self._deadline = time.monotonic() + timeout - _LAST_SECONDS - _CLOSE_SECONDS
        self._stopping = True
        loop, thread = self._loop, self._thread
        if loop is None or thread is None or not thread.is_alive():
            return
        loop.call_soon_threadsafe(loop.stop)
        if thread is not threading.current_thread():
            thread.join(timeout)

    @property
    def is_current(self) -> bool:
        """Whether the caller is the loop's thread."""
        return self._thread is not None and self._thread.ident == threading.get_ident()

    @property
    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    async def _cancel_all(self) -> None:
        """Calls made before `stop` are still carried out, so that each coroutine gets a task, which closes it."""
        self._run_calls()
        for task in self.handlers:
            if not task.cancelling():
                task.cancel()
        if self.handlers:  # before other tasks are cancelled: they may be a part of what a handler waits for
            await asyncio.wait(self.handlers, timeout=max(0.0, self._deadline - time.monotonic()))
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_LAST_SECONDS)
