"""Puts back missing tokens, so that idle Node workers do not sleep beside waiting jobs (Kue's `watchStuckJobs`)."""

from __future__ import annotations

from kue.store.store import Store

_MAX_ADDED_PER_CALL = 1000  # for a type, by the script `add_tokens`


class Tokens:
    """Compares the tokens of every type ever saved with its waiting jobs. It never calls `KEYS`."""

    def __init__(self, store: Store, interval: int) -> None:
        self.interval = interval / 1000
        self._store = store

    def run_once(self, now: int) -> bool:
        return any(added == _MAX_ADDED_PER_CALL for added in self._store.add_tokens(self._store.types()))
