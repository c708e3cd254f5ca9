"""Ends active jobs past their ttl if their worker does not: the checker's part in Kue's acknowledgement protocol.

Under Kue's lock it publishes `ttl exceeded` for each overdue job. A second later it fails those that no worker has
acknowledged, if the same run still holds the job, past the same deadline. Kue's own checker is less exact: it fails as
many jobs as acknowledgements are missing, whichever these are.
"""

from __future__ import annotations

from typing import Any

from kue.errors import JobInvalid
from kue.events.watcher import Outcome
from kue.jobs.failure import TTL_EXCEEDED
from kue.maintenance.failing import fail_from_outside
from kue.maintenance.lock import Lock, retry_seconds
from kue.runtime import Runtime
from kue.store.job_hash import JobHash
from kue.store.keys import TTL_LOCK

_BATCH_SIZE = 100
ACK_MS = 1000  # that a worker has to acknowledge
_MIN_WAIT_SECONDS = 0.01
_WITHOUT_LOCK = "no job of a dead worker ends at its ttl"
_LOWEST_DEADLINE = 100_000  # lower scores of active jobs are priorities


class AckWatcher:
    """Notes whether the worker of one job acknowledged, or the job ended."""

    must_settle = False

    def __init__(self) -> None:
        self.acknowledged = False

    def wants(self, event: str) -> bool:
        return event == "ttl exceeded ack"

    def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
        self.acknowledged = True
        return True

    def on_outcome(self, outcome: Outcome) -> None:
        self.acknowledged = True


class TtlCheck:
    """Each round announces the jobs that are overdue, or a second later ends those that were announced."""

    def __init__(self, runtime: Runtime, interval: int, lock_ttl: int) -> None:
        self.interval = self._interval = interval / 1000
        self._runtime = runtime
        self._lock = Lock(runtime.store, TTL_LOCK, max(lock_ttl, ACK_MS + 2 * interval), _WITHOUT_LOCK)
        self._announced_at = 0
        self._announced: dict[int, tuple[str, AckWatcher]] = {}

    def run_once(self, now: int) -> bool:
        self.interval = self._interval
        if self._announced:
            left = self._announced_at + ACK_MS - now
            if left > 0:
                self._come_back(left / 1000)
            else:
                self._end_announced(now)
            return False
        if not self._runtime.store.count_scored("active", _LOWEST_DEADLINE, now):
            return False
        if not self._lock.acquire():
            self._come_back(retry_seconds())
            return False
        self._announce(now)
        if not self._announced:
            self._lock.release()
            return False
        self._come_back(ACK_MS / 1000)
        return False

    def _come_back(self, seconds: float) -> None:
        """Have the next round soon: all prefixes of a Redis share the lock, and none should hold it in vain."""
        self.interval = min(self._interval, max(_MIN_WAIT_SECONDS, seconds))

    def _announce(self, now: int) -> None:
        """Announce a batch of the jobs that are overdue, and drop what stands among them but is no job."""
        store, start = self._runtime.store, 0
        while page := store.announce_expired(self._lock.token, now, _BATCH_SIZE, start):
            self._announced_at = now
            for id, worker in page.runs.items():
                watcher = AckWatcher()
                self._announced[id] = (worker, watcher)
                self._runtime.hub.watch_soon(id, watcher)
            if page.broken:
                self._drop(page.broken)
            if page.following is None or self._announced:
                return
            start = page.following

    def _drop(self, broken: list[int | str]) -> None:
        self._runtime.store.drop_broken(broken)
        for id in broken:
            self._runtime.error_reporter.warn(JobInvalid(id, "was active, but has no type, and was dropped"))

    def _end_announced(self, now: int) -> None:
        announced, self._announced = self._announced, {}
        for id, (_, watcher) in announced.items():
            self._runtime.hub.unwatch(id, watcher)
        store = self._runtime.store
        ids = [id for id, (_, watcher) in announced.items() if not watcher.acknowledged]
        scores = store.scores([(id, None) for id in ids], "active")
        commands = []
        for id, found, score in zip(ids, store.hashes(ids), scores, strict=True):
            if not isinstance(found, JobHash) or score is None or score > self._announced_at:
                continue  # it ended, or has a later run or deadline, which was not announced
            worker, token = announced[id][0], self._lock.token
            commands.append(
                fail_from_outside(self._runtime, id, worker, found, now, TTL_EXCEEDED, mode="expired", ttl_lock=token)
            )
        try:
            if commands:
                store.connections.run(commands)
        finally:
            self._lock.release()
