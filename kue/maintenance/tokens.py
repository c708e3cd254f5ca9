"""Puts back missing tokens, so that idle Node workers do not sleep beside waiting jobs (Kue's `watchStuckJobs`)."""

from __future__ import annotations

from kue.store.store import Store


class Tokens:
    """Looks at every type ever saved; without `KEYS`."""

    def __init__(self, store: Store, interval: int) -> None:
        self.interval = interval / 1000
        self._store = store

    def run_once(self, now: int) -> bool:
        store = self._store
        types = store.types()
        return any(reply == 1000 for reply in store.ask([store.transitions.add_tokens(type) for type in types]))
