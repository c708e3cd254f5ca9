"""Timers: any thread schedules a call, one thread runs it."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger("kue")
Call = Callable[[], object]
_MIN_CANCELLED = 64


class Timer:
    """One scheduled call, which `cancel` prevents. `due` is its moment, in seconds of the queue's clock."""

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
    """A heap of timers. Any thread may add one; `wait` and `run_due` are for the thread that runs them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self.cancelled = 0  # about how many in the heap: counted without the lock, which a fork may leave locked

    def add(self, delay: float, call: Call) -> Timer:
        """Schedule a call in `delay` seconds."""
        timer = Timer(self, self._clock() + delay, call)
        with self._lock:
            self._drop_cancelled()
            heapq.heappush(self._heap, (timer.due, next(self._order), timer))
        return timer

    @property
    def is_due(self) -> bool:
        """Whether a call is due. Takes no lock, since it is read often, so the answer may be slightly late."""
        heap = self._heap
        return bool(heap) and heap[0][0] <= self._clock()

    def wait(self, max_seconds: float) -> float:
        """Seconds until the next call is due, at most `max_seconds`."""
        with self._lock:
            self._drop_cancelled()
            while self._heap and self._heap[0][2].call is None:
                heapq.heappop(self._heap)
            return max(0.0, min(max_seconds, self._heap[0][0] - self._clock())) if self._heap else max_seconds

    def _drop_cancelled(self) -> None:
        """Drop cancelled timers once they are most of the heap, since they may be due in days only."""
        if self.cancelled > _MIN_CANCELLED and self.cancelled > len(self._heap) // 2:
            entries, self._heap, self.cancelled = self._heap, [], 0
            for entry in entries:  # into the new heap: a signal handler may add a timer to it meanwhile
                if entry[2].call is not None:
                    heapq.heappush(self._heap, entry)

    def run_due(self) -> None:
        """Make every call that is due. If one raises, it is logged and the others still run."""
        while True:
            with self._lock:
                if not self._heap or self._heap[0][0] > self._clock():
                    return
                timer = heapq.heappop(self._heap)[2]
                call, timer.call = timer.call, None
            if call is not None:
                try:
                    call()
                except BaseException:  # even sys.exit() in a promise's callback: all share the thread
                    logger.exception("a timer's call failed")
