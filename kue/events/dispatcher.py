"""A thread for calls that may take their time, one after another in order: the listeners', or questions to Redis.

Apart from the subscriber's thread, so that a listener may wait for a promise, or for Redis, and hold up only listeners;
and so that a Redis that answers nothing holds up no timer.
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
    """Runs what is posted, in order, on one thread that starts with the first post."""

    def __init__(self, *, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def post(self, call: Callable[..., Any], *args: Any) -> None:
        """Have `call` run on that thread; dropped after `stop`."""
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
        """Let what is posted finish, then end the thread; from that thread itself it does not wait."""
        with self._lock:
            self._stopped = True
            thread = self._thread
        if thread is not None:
            self._calls.put(None)
            if not self.is_current:
                thread.join(timeout)
