"""Calls that a thread makes later, or soon, at the wish of other threads."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger("kue")
Call = Callable[[], object]


class Timer:
    """One call to be made; `cancel` before it is made."""

    __slots__ = ("call", "due")

    def __init__(self, due: float, call: Call) -> None:
        self.due = due
        self.call: Call | None = call

    def cancel(self) -> None:
        self.call = None


class Timers:
    """A heap of timers by the monotonic clock. Any thread adds, one thread runs them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()

    def add(self, delay: float, call: Call) -> Timer:
        """Make a call after `delay` seconds."""
        timer = Timer(self._clock() + delay, call)
        with self._lock:
            heapq.heappush(self._heap, (timer.due, next(self._order), timer))
        return timer

    def wait(self, longest: float) -> float:
        """Seconds until the next call is due, at most `longest`."""
        with self._lock:
            while self._heap and self._heap[0][2].call is None:
                heapq.heappop(self._heap)
            return max(0.0, min(longest, self._heap[0][0] - self._clock())) if self._heap else longest

    def run_due(self) -> None:
        """Make every call that is due. One that raises is logged and hurts no other."""
        while True:
            with self._lock:
                if not self._heap or self._heap[0][0] > self._clock():
                    return
                call = heapq.heappop(self._heap)[2].call
            if call is not None:
                try:
                    call()
                except BaseException:  # also sys.exit() in a promise's callback: the thread belongs to all
                    logger.exception("a timer's call failed")
