"""The workers of one process: which types they serve, what they run, and how they are paused and stopped."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterable
from typing import Any

from kue.common.clock import TimeBudget
from kue.common.describe import short_repr
from kue.errors import InvalidOption, ShutdownInProgress
from kue.jobs.failure import SHUTDOWN
from kue.jobs.job import Job
from kue.runtime import Runtime
from kue.worker.context import Context
from kue.worker.current import current, mark_log_records
from kue.worker.execution.executor import Executor
from kue.worker.fetcher import Fetcher
from kue.worker.handler import Handler
from kue.worker.io.loop import IOLoop
from kue.worker.run import PutBack, Run
from kue.worker.slots import TypeSlots, Worker

logger = logging.getLogger("kue")
_TAKEN = 1.0


class Pool:
    """All slots of a process, served by one I/O thread. Starts with the first `add`."""

    def __init__(self, runtime: Runtime, job_class: type[Job]) -> None:
        self.runtime = runtime
        self.name = f"kue:{socket.gethostname()}:{os.getpid()}-{secrets.token_hex(4)}"
        self._groups: dict[str, TypeSlots] = {}
        self._lock = threading.Lock()
        self._quiet = False
        self._idle = threading.Condition()
        self._drains = 0  # how many wait for runs to end
        self.executor = Executor(runtime.error_reporter, lambda run: Context(self, run.slot))
        self.fetcher = Fetcher(runtime, job_class, self.name, self._groups, self.executor, self._run_ended)
        self.loop = IOLoop(
            runtime.store, self.fetcher, self.fetcher.outbox, self.executor.inline, runtime.error_reporter
        )
        self.fetcher.attach(self.loop)

    def add(self, types: Iterable[str], slots: int, handler: Handler) -> None:
        """So many slots more for each type."""
        with self._lock:
            if self._quiet:
                raise ShutdownInProgress("the queue is being shut down, and takes no more handlers")
            for type in types:
                group = self._groups.setdefault(type, TypeSlots(type))
                group.let_run_on()
                group.paused = group.closed = False
                for _ in range(slots):
                    group.add(f"{self.name}:{type}:{len(self.workers) + 1}", handler)
                group.hungry = True
            if not self.loop.started:
                mark_log_records()
                self.fetcher.lease.start()
                self.loop.start()
        self.loop.wake()

    @property
    def workers(self) -> list[Worker]:
        """Every slot."""
        return [slot for group in list(self._groups.values()) for slot in group.slots]

    @property
    def types(self) -> list[str]:
        return list(self._groups)

    def runs(self, type: str | None = None) -> list[Run]:
        """The runs that have not ended, of one type or all."""
        return [
            run
            for group in list(self._groups.values())
            if type in (None, group.type)
            for run in group.runs
            if not run.settled
        ]

    def pause(self, type: str, timeout: float | None) -> None:
        """Take no more of a type; what still runs after `timeout` seconds fails with `Shutdown`, by the last call."""
        group = self._group(type)
        with self._lock:
            group.let_run_on()
            group.paused = True
            if timeout is not None:
                group.pause_timer = self.loop.timers.add(timeout, lambda: self._end(type, requeue=False))
        self.loop.wake()

    def resume(self, type: str) -> None:
        """Take jobs of a type again."""
        group = self._group(type)
        with self._lock:
            group.let_run_on()
            group.paused = False
        group.hungry = True
        self.loop.wake()

    def retire(self, worker: Worker) -> None:
        """One slot less, once its job is done."""
        self.loop.timers.add(0, lambda: self._group(worker.type).retire(worker))
        self.loop.wake()

    def drain(self, timeout: float | None, type: str | None, budget: TimeBudget, *, requeue: bool) -> None:
        """Take no more jobs (of a type, or at all), and wait for those that run, and for their outcomes to be written.

        What still runs after `timeout` seconds fails with `Shutdown`, or goes back to its queue with `requeue`. Redis
        is waited for with `patience`.
        """
        groups = [self._group(type)] if type is not None else list(self._groups.values())
        for group in groups:
            group.paused = True
        if type is None:
            self._quiet = True
        deadline = None if timeout is None else time.monotonic() + timeout
        self.loop.settle_down(_TAKEN)  # whoever saw a job active before now may rely on its being run
        for group in groups:
            group.closed = True
        with self._idle:
            self._drains += 1
            while self.runs(type):
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._idle.wait(left)
            self._drains -= 1
        self._end(type, requeue=requeue)
        for slot in [slot for group in groups for slot in group.slots]:
            self.retire(slot)
        budget.spend(self.loop.flush)

    def _end(self, type: str | None, *, requeue: bool) -> None:
        for run in self.runs(type):
            if requeue:
                run.settle(PutBack())
            else:
                self.executor.settle_failed(run, SHUTDOWN)
            self.fetcher.abandon(run)

    def stop(self, budget: TimeBudget) -> None:
        """Write the last outcomes and end the threads; handlers must have been drained."""
        if self.loop.running:
            budget.spend(self.loop.stop)
            if self.loop.running:
                logger.error("the last outcomes could not be written; the jobs are left active")
        self.executor.stop()

    def end_lease(self, budget: TimeBudget) -> None:
        """Give the lease up, unless jobs had to be left active under it."""
        if self.loop.started:
            lease, left_active = self.fetcher.lease, self.loop.running
            budget.spend(lambda timeout: lease.stop(timeout, give_up=not left_active))

    @property
    def is_handler_thread(self) -> bool:
        """Whether the caller is a handler, whose end a shutdown would wait for."""
        return current.get() is not None

    def _run_ended(self) -> None:
        if self._drains:
            with self._idle:
                self._idle.notify_all()

    def _group(self, type: str) -> TypeSlots:
        group = self._groups.get(type)
        if group is None:
            raise InvalidOption(f"type {short_repr(type)} is not processed here; there are {sorted(self._groups)}")
        return group

    def health(self) -> dict[str, Any]:
        """Facts for `queue.health()`."""
        stalled = time.monotonic() - self.loop.heartbeat
        return {
            "connected": self.loop.connected,
            "running": self.loop.running,
            "stalled_seconds": round(stalled, 3),
            "slots": len(self.workers),
            "active": len(self.runs()),
            "strays": self.fetcher.strays,
        }
