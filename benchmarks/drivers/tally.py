"""Counts the jobs that handlers ran, and takes the times."""

from __future__ import annotations

import multiprocessing
import threading
import time
from typing import Any


class Tally:
    """Adds up the numbers of the jobs, so that a job that ran twice and one that never ran do not cancel out.

    After every `stride` jobs it marks the time, on the clock that all processes of a machine share.
    """

    def __init__(self, stride: int = 1) -> None:
        self.stride = stride
        self.count = 0
        self.sum = 0
        self.running = 0
        self.max_running = 0
        self.marks: list[float] = []
        self._lock = threading.Lock()

    def add(self, number: int) -> None:
        """Count a job that was run."""
        with self._lock:
            self.count += 1
            self.sum += number
            if self.count % self.stride == 0:
                self.marks.append(time.monotonic())

    def enter(self) -> None:
        """Note that a job begins to sleep."""
        with self._lock:
            self.running += 1
            self.max_running = max(self.max_running, self.running)

    def leave(self, number: int) -> None:
        """Note that a job has slept, and count it."""
        with self._lock:
            self.running -= 1
        self.add(number)

    def read(self) -> None:
        """Bring the figures up to date."""

    def report(self) -> dict[str, Any]:
        """All figures, for the measuring process."""
        self.read()
        return {
            "count": self.count,
            "sum": self.sum,
            "max_running": self.max_running,
            "marks": self.marks,
            "stride": self.stride,
        }


class SharedTally(Tally):
    """A tally for handlers in processes that are forked from this one. Make it before the fork."""

    MAX_MARKS = 100_000

    def __init__(self, stride: int = 1) -> None:
        super().__init__(stride)
        fork = multiprocessing.get_context("fork")
        self._shared_lock = fork.Lock()
        self._numbers = fork.RawArray("q", 2)
        self._times = fork.RawArray("d", self.MAX_MARKS)

    def add(self, number: int) -> None:
        with self._shared_lock:
            self._numbers[0] += 1
            self._numbers[1] += number
            mark, rest = divmod(self._numbers[0], self.stride)
            if rest == 0 and mark <= self.MAX_MARKS:
                self._times[mark - 1] = time.monotonic()

    def read(self) -> None:
        self.count, self.sum = self._numbers
        self.marks = list(self._times[: min(self.count // self.stride, self.MAX_MARKS)])
