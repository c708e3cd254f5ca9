"""The thread with the event loop that `async def` handlers run on."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

logger = logging.getLogger("kue")
_LAST_WORDS = 1.0


class EventLoopThread:
    """An event loop that starts with the first call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._calls: deque[Callable[[], Any]] = deque()
        self._scheduled = False
        self._stopping = False

    def call(self, call: Callable[[], Any]) -> None:
        """Have `call` made on the loop's thread; many calls wake the loop once. Raises `RuntimeError` after `stop`."""
        if self._stopping:
            raise RuntimeError("the event loop of the handlers has ended")
        self._calls.append(call)
        if not self._scheduled:
            self._scheduled = True
            self._started().call_soon_threadsafe(self._run_calls)

    def _run_calls(self) -> None:
        self._scheduled = False
        while self._calls:
            self._calls.popleft()()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._run, args=(self._loop,), name="kue-asyncio", daemon=True)
                self._thread.start()
            return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        self._outlast(loop.run_forever)
        self._outlast(lambda: loop.run_until_complete(self._wind_up()))
        self._outlast(lambda: loop.run_until_complete(loop.shutdown_asyncgens()))
        loop.close()

    @staticmethod
    def _outlast(run: Callable[[], object]) -> None:
        """sys.exit() in a handler has failed its job; the loop belongs to all handlers, and goes on."""
        while True:
            try:
                run()
                return
            except BaseException:
                logger.exception("a coroutine would have ended the event loop")

    def stop(self, timeout: float = 5.0) -> None:
        """Cancel what still runs, and end the loop and its thread."""
        self._stopping = True
        loop, thread = self._loop, self._thread
        if loop is None or thread is None or not thread.is_alive():
            return
        loop.call_soon_threadsafe(loop.stop)
        if thread is not threading.current_thread():
            thread.join(timeout)

    async def _wind_up(self) -> None:
        """What was asked for before `stop` still begins, so that each coroutine is closed by whoever has it."""
        self._run_calls()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_LAST_WORDS)
