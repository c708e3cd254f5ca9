"""Whether this process takes jobs.

It takes none while the module with its handlers is being imported, once it was made quiet, and at its end. That holds
for all of its queues. Jobs that run are not affected.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Iterator
from typing import Protocol

IMPORTING = "importing"
QUIET = "quiet"
ENDING = "ending"


class _Sleeper(Protocol):
    def wake(self) -> None:
        """Look for jobs, since they may be taken now."""


class Intake:
    """Open unless there is a reason against it. For any thread."""

    def __init__(self) -> None:
        self._sleepers: weakref.WeakSet[_Sleeper] = weakref.WeakSet()
        self.reset()

    def reset(self) -> None:
        """In a forked child: the reasons are the parent's, and a thread of the parent may have held the lock."""
        self._lock = threading.RLock()
        self._reasons: set[str] = set()
        self.is_open = True

    def wakes(self, sleeper: _Sleeper) -> None:
        """Wake `sleeper` whenever the intake opens."""
        with self._lock:
            self._sleepers.add(sleeper)

    def close(self, reason: str) -> bool:
        """Take no more jobs, for a reason. Returns whether the reason is new."""
        with self._lock:
            is_new = reason not in self._reasons
            self._reasons.add(reason)
            self.is_open = False
        return is_new

    def open(self, reason: str) -> None:
        """Drop a reason. If it was the last one, jobs are taken again."""
        with self._lock:
            self._reasons.discard(reason)
            self.is_open = not self._reasons
            sleepers = list(self._sleepers) if self.is_open else []
        for sleeper in sleepers:
            sleeper.wake()

    @contextlib.contextmanager
    def closed(self, reason: str) -> Iterator[None]:
        """A block in which no job is taken."""
        self.close(reason)
        try:
            yield
        finally:
            self.open(reason)

    def is_closed_for(self, reason: str) -> bool:
        return reason in self._reasons


intake = Intake()
os.register_at_fork(after_in_child=intake.reset)
