"""Kue's locks: a key with a random token and a ttl. Scripts compare the token before they act or free the lock."""

from __future__ import annotations

import contextlib
import random
import re
import secrets
from collections.abc import Iterator

from kue.errors import RedisRefused
from kue.store.store import Store

_NO_PERMISSION = re.compile("NOPERM|no permission", re.IGNORECASE)

_MIN_RETRY_SECONDS, _MAX_RETRY_SECONDS = 0.02, 0.09  # the ticker adds a tenth at most


def retry_seconds() -> float:
    """How long to wait if another process holds a lock: all prefixes of a Redis share it, and it is soon free again."""
    return random.uniform(_MIN_RETRY_SECONDS, _MAX_RETRY_SECONDS)


@contextlib.contextmanager
def lock_named(key: str, effect: str) -> Iterator[None]:
    """If Redis refuses for want of rights, name the lock: its key has no prefix, and is easily left out of a user's.

    `effect` is what does not happen without it.
    """
    try:
        yield
    except RedisRefused as refused:
        if not _NO_PERMISSION.search(str(refused)):
            raise
        raise RedisRefused(
            f"{refused} ({effect} until this Redis user may use the key {key!r}, a lock of Kue; its ACL rule is ~{key})"
        ) from refused


class Lock:
    """One of Kue's locks, held by at most one process of any kind. `effect` is as in `lock_named`."""

    def __init__(self, store: Store, key: str, ttl: int, effect: str) -> None:
        self._store = store
        self._key = key
        self._effect = effect
        self._ttl = ttl
        self.token = ""

    def acquire(self) -> bool:
        """Take the lock for its ttl (ms). False if another process holds it."""
        token = secrets.token_hex(16)
        with lock_named(self._key, self._effect):
            acquired = self._store.acquire_lock(self._key, token, self._ttl)
        self.token = token if acquired else ""
        return acquired

    def release(self) -> None:
        """Free the lock, if this process still holds it."""
        if self.token:
            self._store.release_lock(self._key, self.token)
            self.token = ""
