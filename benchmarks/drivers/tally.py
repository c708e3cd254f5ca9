"""Counts what handlers did, and when."""

from __future__ import annotations

import multiprocessing
import threading
import time
from typing import Any


class Tally:
    """Of every job its number is added up, so that a job run twice and one never run do not cancel out.

    Every `stride` jobs the time is marked, on the clock that all processes of a machine share.
    """

    def __init__(self, stride: int = 1) -> None:
        self.stride = stride
        self.count = 0
        self.sum = 0
        self.running = 0
        self.most = 0
        self.marks: list[float] = []
        self._lock = threading.Lock()

    def add(self, number: int) -> None:
        """A job was run."""
        with self._lock:
            self.count += 1
            self.sum += number
            if self.count % self.stride == 0:
                self.marks.append(time.monotonic())

    def enter(self) -> None:
        """A job begins to sleep."""
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)

    def leave(self, number: int) -> None:
        """It has slept."""
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
            "most": self.most,
            "marks": self.marks,
            "stride": self.stride,
        }


class SharedTally(Tally):
    """The same for handlers that run in processes forked from this one; make it before they are."""

    MOST_MARKS = 100_000

    def __init__(self, stride: int = 1) -> None:
        super().__init__(stride)
        fork = multiprocessing.get_context("fork")
        self._shared_lock = fork.Lock()
        self._numbers = fork.RawArray("q", 2)
        self._times = fork.RawArray("d", self.MOST_MARKS)

    def add(self, number: int) -> None:
        with self._shared_lock:
            self._numbers[0] += 1
            self._numbers[1] += number
            mark, rest = divmod(self._numbers[0], self.stride)
            if rest == 0 and mark <= self.MOST_MARKS:
                self._times[mark - 1] = time.monotonic()

    def read(self) -> None:
        self.count, self.sum = self._numbers
        self.marks = list(self._times[: min(self.count // self.stride, self.MOST_MARKS)])
