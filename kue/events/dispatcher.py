"""A thread that makes calls which may block, one after another: those of listeners, or queries to Redis.

It is not the subscriber's thread. So a listener may wait for a promise or for Redis, and delays only other listeners. A
Redis that does not answer delays no timer.
"""

from __future__ import annotations

import logging
import queue
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Any

from kue.common.sole_thread import SoleThread

logger = logging.getLogger("kue")
_Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Dispatcher:
    """Makes the posted calls in order on one thread, which starts with the first call. Any thread may post.

    Each call has context variables of its own. An exception that is thrown into the thread between two calls, perhaps
    too late for the first, loses neither the thread nor a call.
    """

    def __init__(self, *, name: str) -> None:
        self._name = name
        self._calls: deque[_Call | None] = deque()
        self._wakeups: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._thread = SoleThread(self._run, name)
        self._is_stopped = False

    def post(self, call: Callable[..., Any], *args: Any) -> None:
        """Make a call on the thread. After `stop` it is discarded."""
        self._thread.start()
        self._calls.append((call, args))
        self._wakeups.put(None)

    def _run(self) -> None:
        while True:
            try:
                self._make_calls()
                return
            except BaseException:  # whatever a call raises: all share the thread
                logger.exception("a call on %s failed", self._name)

    def _make_calls(self) -> None:
        """Make the calls until the end. If one raises, this is called again, and goes on with the next."""
        while True:
            while self._calls:
                item = self._calls[0]
                del self._calls[0]  # not by a call, at whose end an exception could be thrown into this thread
                if item is None:
                    return
                call, args = item
                Context().run(call, *args)
                del item, call, args
            self._wakeups.get()

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on this thread."""
        return self._thread.is_current

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive

    @property
    def waiting(self) -> int:
        """About how many calls wait for the one that is being made."""
        return max(0, len(self._calls) - self._is_stopped)

    def stop(self, timeout: float = 5.0) -> None:
        """End the thread after the posted calls. Waits up to `timeout` seconds for it, except on the thread itself."""
        if self._thread.retire():
            self._is_stopped = True
            self._calls.append(None)
            self._wakeups.put(None)
            self._thread.join(timeout)
