"""The lock of the process that observes. It is kept as long as that process gives signs of life.

- takes the lock, or keeps it
- notices if another process may have had it meanwhile
- frees it
"""

from __future__ import annotations

import math
import secrets

from kue.common.clock import steady
from kue.store.store import Store

LOCK_MS = 5000
"""For so long after its last sign of life an observer keeps others out."""
_MAX_CONFIRMED_SECONDS = 2.0


class ObserverLock:
    """For one thread. Its methods may raise `ConnectionFailed` or `RedisRefused`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._key = store.keys.observe_lock
        self._token = secrets.token_hex(16)
        self._asked_at = -math.inf
        self.is_held = False
        """Whether this process has the lock, as far as it knows."""
        self.is_new = False
        """Whether another process may have had the lock before the last call of `hold`."""

    def hold(self) -> bool:
        """Take or keep the lock. Returns whether this process has it."""
        asked = steady()
        self.is_held = self._store.hold_lock(self._key, self._token, LOCK_MS)
        self.is_new = asked - self._asked_at >= LOCK_MS / 1000
        self._asked_at = asked if self.is_held else -math.inf
        return self.is_held

    @property
    def was_just_confirmed(self) -> bool:
        """Whether Redis was asked so short a time ago that no other process can have the lock for some seconds."""
        return steady() - self._asked_at < _MAX_CONFIRMED_SECONDS

    def release(self) -> None:
        """Free the lock, if this process has it."""
        if self.is_held:
            self.is_held = False
            self._store.release_lock(self._key, self._token)
