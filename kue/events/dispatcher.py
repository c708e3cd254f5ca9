"""A thread that makes calls which may block, one after another: those of listeners, or queries to Redis.

It is not the subscriber's thread. So a listener may wait for a promise or for Redis, and delays only other listeners. A
Redis that does not answer delays no timer.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from contextvars import Context
from typing import Any

from kue.common.sole_thread import SoleThread

logger = logging.getLogger("kue")
_Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Dispatcher:
    """Makes the posted calls in order on one thread, which starts with the first call. Any thread may post.

    Each call has context variables of its own.
    """

    def __init__(self, *, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._thread = SoleThread(self._run, name)
        self._is_stopped = False

    def post(self, call: Callable[..., Any], *args: Any) -> None:
        """Make a call on the thread. After `stop` it is discarded."""
        self._thread.start()
        self._calls.put((call, args))

    def _run(self) -> None:
        while (item := self._calls.get()) is not None:
            call, args = item
            try:
                Context().run(call, *args)
            except BaseException:
                logger.exception("a call on %s failed", self._name)
            del item, call, args

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
        return max(0, self._calls.qsize() - self._is_stopped)

    def stop(self, timeout: float = 5.0) -> None:
        """End the thread after the posted calls. Waits up to `timeout` seconds for it, except on the thread itself."""
        if self._thread.retire():
            self._is_stopped = True
            self._calls.put(None)
            self._thread.join(timeout)
