"""Kue's locks: a key with a random token and a ttl. Scripts compare the token before they act or free the lock."""

from __future__ import annotations

import random
import secrets

from kue.store.store import Store

_MIN_RETRY_SECONDS, _MAX_RETRY_SECONDS = 0.02, 0.09  # the ticker adds a tenth at most


def retry_seconds() -> float:
    """How long to wait if another process holds a lock: all prefixes of a Redis share it, and it is soon free again."""
    return random.uniform(_MIN_RETRY_SECONDS, _MAX_RETRY_SECONDS)


class Lock:
    """One of Kue's locks, held by at most one process of any kind."""

    def __init__(self, store: Store, key: str, ttl: int) -> None:
        self._store = store
        self._key = key
        self._ttl = ttl
        self.token = ""

    def acquire(self) -> bool:
        """Take the lock for its ttl (ms). False if another process holds it."""
        token = secrets.token_hex(16)
        acquired = self._store.acquire_lock(self._key, token, self._ttl)
        self.token = token if acquired else ""
        return acquired

    def release(self) -> None:
        """Free the lock, if this process still holds it."""
        if self.token:
            self._store.release_lock(self._key, self.token)
            self.token = ""
