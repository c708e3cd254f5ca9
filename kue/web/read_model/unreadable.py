"""Remembers the jobs that could not be read, as far as somebody looked at them. Nothing searches for them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from itertools import islice

MAX_KEPT = 1000


class Unreadable:
    """For any thread. It keeps the ids of the last thousand."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._ids: OrderedDict[int, None] = OrderedDict()

    def note(self, id: int, *, readable: bool) -> None:
        """A job was looked at."""
        if readable and id not in self._ids:
            return
        with self._lock:
            self._ids.pop(id, None)
            if not readable:
                self._ids[id] = None
                if len(self._ids) > MAX_KEPT:
                    self._ids.popitem(last=False)

    def forget(self, id: int) -> None:
        """There is no such job any more."""
        self.note(id, readable=True)

    def some(self, most: int) -> list[int]:
        """Those that were noted longest ago."""
        with self._lock:
            return list(islice(self._ids, most))

    def __len__(self) -> int:
        return len(self._ids)
