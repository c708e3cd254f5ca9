"""Looks for active jobs of Python processes that died, several times in each lease, and puts them back.

It touches no job of a Node worker, and none of a process that speaks a newer protocol. In each interval one process of
a fleet checks. A process that has active jobs and no lease gets one first, and loses it like any other. No process
checks before its own connection has worked for one lease: after an outage, the holders of leases need that time.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from redis.exceptions import ResponseError

from kue.common.clock import steady
from kue.connection.pool import refusal
from kue.errors import KueError
from kue.jobs.failure import WORKER_LOST
from kue.jobs.run_log import logger
from kue.maintenance.failing import fail_from_outside
from kue.runtime import Runtime
from kue.store.job_hash import JobHash
from kue.store.worker_id import type_of

_SEARCHES_PER_LEASE = 3
_BATCH_SIZE = 100  # jobs in one script


class Recovery:
    """Puts back the jobs of dead processes, and fails those that were lost too often."""

    def __init__(self, runtime: Runtime, clock: Callable[[], float] = steady) -> None:
        self.interval = runtime.options.lease / 1000 / _SEARCHES_PER_LEASE
        self._runtime = runtime
        self._clock = clock
        self._lease = runtime.options.lease / 1000
        self._connected_since: float | None = None
        self._checked_at = clock()

    def run_once(self, now: int) -> bool:
        try:
            return self._check(now)
        except KueError:  # cut off or refused: so may be the processes that want to renew their leases
            self._connected_since = None
            raise

    def _check(self, now: int) -> bool:
        store, started = self._runtime.store, self._clock()
        token, wait = secrets.token_hex(8), max(1, round(self.interval * 900))
        first = store.acquire_lock(store.keys.recovery_lock, token, wait)
        was_frozen = self._clock() - self._checked_at > self._lease
        self._checked_at = self._clock()
        if self._connected_since is None or was_frozen or self._clock() - started > self._lease / 2:
            self._connected_since = self._clock()
        if not first or self._clock() - self._connected_since < self._lease:
            return False
        for process, runs in store.lost_runs().items():
            if not self._runtime.fleet.is_newer(process) and not store.give_lease(process, self._runtime.options.lease):
                self._rescue(process, list(runs.items()), now)
        self._end_expired_leases()
        return False

    def _rescue(self, process: str, runs: list[tuple[int, str]], now: int) -> None:
        store, options = self._runtime.store, self._runtime.options
        for start in range(0, len(runs), _BATCH_SIZE):
            batch = runs[start : start + _BATCH_SIZE]
            rescued = store.rescue(process, now, options.ghost_retries, options.ghost_delay, batch)
            if rescued is None:
                return
            count, spent = rescued
            if count:
                self._count_ghosts([worker for id, worker in batch if id not in spent][:count])
                logger.warning("the process %s has died; jobs that were put back: %d", process, count)
            if spent:
                self.fail(process, [run for run in batch if run[0] in spent], now)

    def _count_ghosts(self, workers: list[str]) -> None:
        for worker in workers:
            if type := type_of(worker):
                self._runtime.counters.of(type).outcomes["ghosts"].append(0)

    def fail(self, process: str, runs: list[tuple[int, str]], now: int) -> None:
        """Fail jobs that were lost too often, under the ordinary rules of attempts. The doctor calls this, too."""
        store = self._runtime.store
        lost = []
        for (id, worker), found in zip(runs, store.hashes([id for id, _ in runs]), strict=True):
            if isinstance(found, ResponseError):
                raise refusal(found)
            lost.append((id, worker, found or JobHash()))
        fail_from_outside(self._runtime, lost, now, WORKER_LOST, mode="lost", dead_process=process)

    def _end_expired_leases(self) -> None:
        """Forget leases that ran out, of processes that hold no active job."""
        store = self._runtime.store
        expired = [name for name in store.expired_leases() if not self._runtime.fleet.is_newer(name)]
        busy = store.lost_runs() if expired else {}
        store.end_expired_leases([name for name in expired if name not in busy])
