"""Knows the queues of this process: which are not shut down yet, and whether there ever was one.

In a forked child, which has the queues of its parent, it has each start anew.
"""

from __future__ import annotations

import os
import weakref
from typing import Generic, Protocol, TypeVar


class _Forked(Protocol):
    def after_fork(self) -> None: ...


Q = TypeVar("Q", bound=_Forked)


class Registry(Generic[Q]):
    """For the whole life of the process."""

    def __init__(self) -> None:
        self._running: weakref.WeakSet[Q] = weakref.WeakSet()
        self.was_any_made = False
        os.register_at_fork(after_in_child=self._after_fork)

    def add(self, queue: Q) -> None:
        """A queue was made."""
        self._running.add(queue)
        self.was_any_made = True

    def remove(self, queue: Q) -> None:
        """The shutdown of a queue is done."""
        self._running.discard(queue)

    @property
    def running(self) -> list[Q]:
        """The queues whose shutdown is not done."""
        return list(self._running)

    def _after_fork(self) -> None:
        for queue in self.running:
            queue.after_fork()
