"""Promotes delayed jobs that are due, under the lock that Node's promoters take too."""

from __future__ import annotations

from kue.common.error_reporter import ErrorReporter
from kue.errors import JobInvalid
from kue.maintenance.lock import Lock
from kue.store.keys import PROMOTION_LOCK
from kue.store.store import Store

_BATCH_SIZE = 100


class Promotion:
    """Takes Kue's `promotion` options: `interval` (ms), `limit` (jobs in a round), `lock_ttl` (ms)."""

    def __init__(self, store: Store, error_reporter: ErrorReporter, interval: int, limit: int, lock_ttl: int) -> None:
        self.interval = interval / 1000
        self._store = store
        self._error_reporter = error_reporter
        self._limit = limit
        self._lock = Lock(store, PROMOTION_LOCK, lock_ttl)

    def run_once(self, now: int) -> bool:
        store = self._store
        if not store.count_scored("delayed", 0, now) or not self._lock.acquire():
            return False
        try:
            left = self._limit
            while left > 0:
                batch = min(_BATCH_SIZE, left)
                found, broken = store.promote(self._lock.token, now, batch)
                if broken:
                    self._drop(broken)
                if found < batch:
                    return False
                left -= batch
            return True
        finally:
            self._lock.release()

    def _drop(self, ids: list[str]) -> None:
        self._store.drop_broken(ids)
        for id in ids:
            self._error_reporter.warn(JobInvalid(id, "was delayed, but has no type, and was dropped"))
