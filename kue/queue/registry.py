"""Knows the queues of this process: which are not shut down yet, and whether there ever was one."""

from __future__ import annotations

import weakref
from typing import Generic, TypeVar

Q = TypeVar("Q")


class Registry(Generic[Q]):
    """A forked child has the queues of its parent."""

    def __init__(self) -> None:
        self._running: weakref.WeakSet[Q] = weakref.WeakSet()
        self.was_any_made = False

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
