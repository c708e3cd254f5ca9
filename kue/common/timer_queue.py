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
_FEW = 64


class Timer:
    """One call to be made; `cancel` before it is made."""

    __slots__ = ("_timers", "call", "due")

    def __init__(self, timers: TimerQueue, due: float, call: Call) -> None:
        self._timers = timers
        self.due = due
        self.call: Call | None = call

    def cancel(self) -> None:
        if self.call is not None:
            self.call = None
            self._timers.cancelled += 1


class TimerQueue:
    """A heap of timers by the monotonic clock. Any thread adds, one thread runs them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self.cancelled = 0  # about how many of the heap; counted without the lock, which a fork may leave taken

    def add(self, delay: float, call: Call) -> Timer:
        """Make a call after `delay` seconds."""
        timer = Timer(self, self._clock() + delay, call)
        with self._lock:
            self._tidy()
            heapq.heappush(self._heap, (timer.due, next(self._order), timer))
        return timer

    @property
    def is_due(self) -> bool:
        """Whether a call is due, about: without the lock, for whoever asks often."""
        heap = self._heap
        return bool(heap) and heap[0][0] <= self._clock()

    def wait(self, longest: float) -> float:
        """Seconds until the next call is due, at most `longest`."""
        with self._lock:
            self._tidy()
            while self._heap and self._heap[0][2].call is None:
                heapq.heappop(self._heap)
            return max(0.0, min(longest, self._heap[0][0] - self._clock())) if self._heap else longest

    def _tidy(self) -> None:
        """Drop what was cancelled once that is most of the heap: it may be due in days only."""
        if self.cancelled > _FEW and self.cancelled > len(self._heap) // 2:
            self._heap = [entry for entry in self._heap if entry[2].call is not None]
            heapq.heapify(self._heap)
            self.cancelled = 0

    def run_due(self) -> None:
        """Make every call that is due. One that raises is logged and hurts no other."""
        while True:
            with self._lock:
                if not self._heap or self._heap[0][0] > self._clock():
                    return
                timer = heapq.heappop(self._heap)[2]
                call, timer.call = timer.call, None
            if call is not None:
                try:
                    call()
                except BaseException:  # also sys.exit() in a promise's callback: the thread belongs to all
                    logger.exception("a timer's call failed")
