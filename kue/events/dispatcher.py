"""A thread that makes calls which may block, one after another: those of listeners, or queries to Redis.

It is not the subscriber's thread. So a listener may wait for a promise or for Redis, and delays only other listeners. A
Redis that does not answer delays no timer.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

logger = logging.getLogger("kue")
_Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Dispatcher:
    """Makes the posted calls in order on one thread, which starts with the first call. Any thread may post."""

    def __init__(self, *, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def post(self, call: Callable[..., Any], *args: Any) -> None:
        """Make a call on the thread. After `stop` it is discarded."""
        if self._thread is None:
            self._start()
        self._calls.put((call, args))

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while (item := self._calls.get()) is not None:
            call, args = item
            try:
                call(*args)
            except BaseException:
                logger.exception("a call on %s failed", self._name)
            del item, call, args

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on this thread."""
        return threading.current_thread() is self._thread

    def stop(self, timeout: float = 5.0) -> None:
        """End the thread after the posted calls. Waits up to `timeout` seconds for it, except on the thread itself."""
        with self._lock:
            self._stopped = True
            thread = self._thread
        if thread is not None:
            self._calls.put(None)
            if not self.is_current:
                thread.join(timeout)
