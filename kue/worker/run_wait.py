"""Waits until the runs of a type, or all runs, have ended, as a shutdown does."""

from __future__ import annotations

import threading
import time

from kue.worker.slots import AllSlots


class RunWait:
    """For any thread."""

    def __init__(self, slots: AllSlots) -> None:
        self._slots = slots
        self._ended = threading.Condition()
        self.waiting = 0  # how many threads wait

    def wait(self, type: str | None, deadline: float | None) -> None:
        """Return when no run of the type goes on, or at the deadline, in seconds of the monotonic clock."""
        with self._ended:
            self.waiting += 1
            while self._slots.unsettled_runs(type):
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._ended.wait(left)
            self.waiting -= 1

    def run_ended(self) -> None:
        """A run has ended, which costs nothing unless a thread waits for that."""
        if self.waiting:
            with self._ended:
                self._ended.notify_all()
