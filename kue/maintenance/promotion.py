"""Promotes delayed jobs that are due, under the lock that Node's promoters take too.

The lock has no prefix, so that all prefixes of a Redis share it. A batch takes it, promotes and frees it in one round
trip. If another promoter holds it, the next attempt is a moment later.
"""

from __future__ import annotations

import secrets

from kue.common.error_reporter import ErrorReporter
from kue.errors import JobInvalid
from kue.maintenance.lock import lock_named, retry_seconds
from kue.store.keys import PROMOTION_LOCK
from kue.store.store import Store

_BATCH_SIZE = 100


class Promotion:
    """Takes Kue's `promotion` options: `interval` (ms), `limit` (jobs in a round), `lock_ttl` (ms)."""

    def __init__(self, store: Store, error_reporter: ErrorReporter, interval: int, limit: int, lock_ttl: int) -> None:
        self.interval = self._interval = interval / 1000
        self._store = store
        self._error_reporter = error_reporter
        self._limit = limit
        self._lock_ttl = lock_ttl

    def run_once(self, now: int) -> bool:
        self.interval = self._interval
        if not self._store.count_scored("delayed", 0, now):
            return False
        left = self._limit
        while left > 0:
            batch = min(_BATCH_SIZE, left)
            with lock_named(PROMOTION_LOCK, "no delayed job is promoted"):
                promoted = self._store.promote(secrets.token_hex(16), self._lock_ttl, now, batch)
            if promoted is None:
                self.interval = min(self._interval, retry_seconds())
                return False
            found, broken = promoted
            if broken:
                self._drop(broken)
            if found < batch:
                return False
            left -= batch
        return True

    def _drop(self, broken: list[int | str]) -> None:
        self._store.drop_broken(broken)
        for id in broken:
            self._error_reporter.warn(JobInvalid(id, "was delayed, but has no type, and was dropped"))
