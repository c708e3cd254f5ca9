"""Kue's locks: `SET <key> <token> PX ms NX`, freed by compare-and-delete. Scripts compare the token before they act."""

from __future__ import annotations

import secrets

from kue.store.store import Store


class Lock:
    """One of Kue's locks, held by at most one process of any kind."""

    def __init__(self, store: Store, key: str, ttl: int) -> None:
        self._store = store
        self._key = key
        self._ttl = ttl
        self.token = ""

    def acquire(self) -> bool:
        """Take the lock for its ttl (ms), unless somebody has it."""
        token = secrets.token_hex(16)
        got = self._store.acquire_lock(self._key, token, self._ttl)
        self.token = token if got else ""
        return got

    def release(self) -> None:
        """Free the lock, if it is still ours."""
        if self.token:
            self._store.release_lock(self._key, self.token)
            self.token = ""
