"""Takes away the words of removed jobs that had too many for the script that removed them, a thousand in each step.

Redis is free for others between two steps. Several processes may do it at once: each takes what is left.
"""

from __future__ import annotations

from kue.store.indexing import Indexing
from kue.store.store import Store

_INTERVAL_SECONDS = 5.0
_MAX_STEPS = 20  # in a round, so that the other duties have their turn


class Unindexing:
    """What a process leaves that died in the middle of it, the others do."""

    def __init__(self, store: Store) -> None:
        self.interval = _INTERVAL_SECONDS
        self._indexing = Indexing(store)

    def run_once(self, now: int) -> bool:
        return all(self._indexing.clean() for _ in range(_MAX_STEPS))
