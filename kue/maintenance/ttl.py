"""Ends active jobs past their ttl if their worker does not: the checker's part in Kue's acknowledgement protocol.

Under Kue's lock it publishes `ttl exceeded` for each overdue job. A second later it fails those that no worker has
acknowledged, if the same run still holds the job, past the same deadline. Kue's own checker is less exact: it fails as
many jobs as acknowledgements are missing, whichever these are.

It listens before it announces. If it was deaf for a moment in between, it announces anew, and fails nothing.
"""

from __future__ import annotations

from kue.errors import JobInvalid
from kue.jobs.failure import TTL_EXCEEDED
from kue.maintenance.failing import fail_from_outside
from kue.maintenance.lock import Lock, retry_seconds
from kue.runtime import Runtime
from kue.store.commands import LOWEST_DEADLINE
from kue.store.job_hash import JobHash
from kue.store.keys import TTL_LOCK

_BATCH_SIZE = 100
ACK_MS = 1000  # that a worker has to acknowledge
_ACK = "ttl exceeded ack"
_MIN_WAIT_SECONDS = 0.01
_WITHOUT_LOCK = "no job of a dead worker ends at its ttl"


class TtlCheck:
    """Each round announces the jobs that are overdue, or a second later ends those that were announced.

    `limit` is how many jobs a round announces at most. If there may be more, the next round follows at once.
    """

    def __init__(self, runtime: Runtime, interval: int, lock_ttl: int, limit: int = 1000) -> None:
        self.interval = self._interval = interval / 1000
        self._runtime = runtime
        self._lock = Lock(runtime.store, TTL_LOCK, max(lock_ttl, ACK_MS + 2 * interval), _WITHOUT_LOCK)
        self._limit = limit
        self._announced_at = 0
        self._announced: dict[int, str] = {}  # the worker id of each run
        self._acknowledged: set[int] = set()
        self._listening_since: float | None = None
        self._is_full = False

    def run_once(self, now: int) -> bool:
        self.interval = self._interval
        if self._announced:
            left = self._announced_at + ACK_MS - now
            if 0 < left <= ACK_MS:  # if more is left, the clock was put back
                self._come_back(left / 1000)
                return False
            return self._end_announced(now)
        if not self._runtime.store.count_scored("active", LOWEST_DEADLINE, now):
            return False
        self._runtime.hub.listen()
        if not self._lock.acquire():
            self._come_back(retry_seconds())
            return False
        self._announce(now)
        if not self._announced:
            self._runtime.hub.stop_collecting(_ACK)
            self._lock.release()
            return False
        self._come_back(ACK_MS / 1000)
        return False

    def _come_back(self, seconds: float) -> None:
        """Have the next round soon: all prefixes of a Redis share the lock, and none should hold it in vain."""
        self.interval = min(self._interval, max(_MIN_WAIT_SECONDS, seconds))

    def _announce(self, now: int) -> None:
        """Announce jobs that are overdue, page by page, and drop what stands among them but is no job."""
        hub, store, start = self._runtime.hub, self._runtime.store, 0
        self._announced_at, self._is_full = now, False
        self._listening_since = hub.listening_since
        self._acknowledged = hub.collect(_ACK)
        while not self._is_full:
            size = min(_BATCH_SIZE, self._limit - len(self._announced))
            page = store.announce_expired(self._lock.token, now, size, start)
            if page is None:
                return
            self._announced |= page.runs
            if page.broken:
                self._drop(page.broken)
            if page.following is None:
                return
            start = page.following
            self._is_full = len(self._announced) >= self._limit

    def _drop(self, broken: list[int | str]) -> None:
        self._runtime.store.drop_broken(broken)
        for id in broken:
            self._runtime.error_reporter.warn(JobInvalid(id, "was active, but has no type, and was dropped"))

    def _end_announced(self, now: int) -> bool:
        hub, announced, self._announced = self._runtime.hub, self._announced, {}
        hub.stop_collecting(_ACK)
        try:
            if self._listening_since is None or hub.listening_since != self._listening_since:
                return True
            silent = [id for id in announced if id not in self._acknowledged]
            for start in range(0, len(silent), _BATCH_SIZE):
                self._fail({id: announced[id] for id in silent[start : start + _BATCH_SIZE]}, now)
        finally:
            self._lock.release()
        return self._is_full

    def _fail(self, runs: dict[int, str], now: int) -> None:
        store = self._runtime.store
        scores = store.scores([(id, None) for id in runs], "active")
        overdue = []
        for (id, worker), found, score in zip(runs.items(), store.hashes(list(runs)), scores, strict=True):
            if not isinstance(found, JobHash) or score is None or score > self._announced_at:
                continue  # it ended, or has a later run or deadline, which was not announced
            overdue.append((id, worker, found))
        fail_from_outside(self._runtime, overdue, now, TTL_EXCEEDED, mode="expired", ttl_lock=self._lock.token)
