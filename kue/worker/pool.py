"""The workers of one process: which types they serve, and how they are paused, drained and stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from kue.common.clock import TimeBudget
from kue.errors import ShutdownInProgress
from kue.jobs.failure import PUT_BACK_TOO_OFTEN, SHUTDOWN
from kue.jobs.job import Job
from kue.runtime import Runtime
from kue.worker.current import current_job, mark_log_records
from kue.worker.deadlines import Deadlines
from kue.worker.execution.executor import Executor
from kue.worker.exit import at_exit
from kue.worker.fetcher import Fetcher
from kue.worker.handler import Handler
from kue.worker.intake import intake
from kue.worker.io.loop import IOLoop
from kue.worker.io.outbox import Outbox
from kue.worker.lease import Lease
from kue.worker.mail import Mail
from kue.worker.outcomes import PutBack
from kue.worker.pulse import Pulse
from kue.worker.run import Run
from kue.worker.run_tracker import RunTracker
from kue.worker.run_wait import RunWait
from kue.worker.slot import Worker
from kue.worker.slots import AllSlots, TypeSlots
from kue.worker.unknown_runs import UnknownRuns

logger = logging.getLogger("kue")
_LAST_TAKES_SECONDS = 1.0
_AFTER_HANDLERS_SECONDS = 0.4  # for what a shutdown does after them; coroutines keep one second to clean up


class Pool:
    """All slots of a process, served by one I/O thread. Starts with the first `add`.

    Raises `ShutdownInProgress` if the process is ending.

    `context` makes the `ctx` of a three-argument handler, for this pool and the run of the handler.
    """

    def __init__(self, runtime: Runtime, job_class: type[Job], context: Callable[[Pool, Run], Any]) -> None:
        at_exit.prepare()
        self.process = runtime.process
        self._runtime = runtime
        self.slots = AllSlots()
        self._lock = threading.RLock()
        self._closed = False
        self._returned: list[Run] = []  # at the end of the process
        self.run_wait = RunWait(self.slots)
        self.tracker = RunTracker(runtime, self.slots, self.run_wait.run_ended)
        self.outbox = Outbox(runtime.store.transitions, self.tracker.report_answered)
        self.executor = Executor(runtime.error_reporter, lambda run: context(self, run), runtime.middleware)
        self.loop = IOLoop(runtime.store, self.outbox, self.executor.inline, runtime.error_reporter)
        intake.wakes(self.loop)
        self.deadlines = Deadlines(runtime, self.executor, self.tracker.abandon, self.loop.timers)
        self.lease = Lease(runtime, self.process, self.slots.counts, self.slots.busy, self._renewed)
        self.fetcher = Fetcher(
            runtime,
            job_class,
            self.process,
            slots=self.slots,
            executor=self.executor,
            tracker=self.tracker,
            deadlines=self.deadlines,
            lease=self.lease,
            loop=self.loop,
        )
        unknown = UnknownRuns(self.process, self.slots, self.outbox, self.loop, self.fetcher.orphans)
        mail = Mail(runtime.store, self.process, self.slots.unsettled_runs, self.loop, unknown.look_for)
        self.pulse = Pulse(runtime.store, [self._runtime.counters, self.lease, mail], runtime.error_reporter)
        at_exit.watch(self)

    def add(self, types: Sequence[str], slots: int, handler: Handler, *, shared: bool = False) -> None:
        """Add slots for each type, or with `shared` for all of them together.

        Raises `ShutdownInProgress` once `drain` was called for all, and as Python ends.
        """
        with self._lock:
            at_exit.prepare()
            if self._closed:
                raise ShutdownInProgress("the queue is being shut down, and takes no more handlers")
            for type in types:
                type_slots = self.slots.setdefault(type, TypeSlots(type, self._runtime.counters.of(type, keep=True)))
                if others := type_slots.other_handlers(handler):
                    both = f"{handler.name} is another handler for the type {type!r} besides {others[-1]}"
                    logger.warning("%s: each runs a share of its jobs", both)
                type_slots.cancel_pause_timer()
                type_slots.paused = type_slots.stopping = type_slots.closed = False
                for _ in range(0 if shared else slots):
                    type_slots.add(f"{self.process}:{type}:{self.slots.count + 1}", handler)
                type_slots.should_look = True
            if shared:
                self.slots.share(self.process, types, slots, handler)
            if not self.loop.started:
                mark_log_records()
                self._runtime.store.rider = None  # the pulse sends the counters
                self.pulse.start()
                self.loop.start(self.fetcher)
            else:
                self.lease.renew_soon()
                self.pulse.beat_soon()
        self.loop.wake()

    def pause(self, type: str, timeout: float | None) -> None:
        """Start no more jobs of a type. What still runs after `timeout` seconds fails with `Shutdown`.

        Jobs that were taken, and whose handlers were not called, go back. The last call counts.
        """
        type_slots = self.slots.of(type)
        with self._lock:
            type_slots.cancel_pause_timer()
            type_slots.paused = True
            if timeout is not None:
                type_slots.pause_timer = self.loop.settled_timers.add(timeout, lambda: self._end(type, requeue=False))
        self.loop.wake()

    def resume(self, type: str) -> None:
        """Take jobs of a type again."""
        type_slots = self.slots.of(type)
        with self._lock:
            type_slots.cancel_pause_timer()
            type_slots.paused = False
        type_slots.should_look = True
        self.loop.wake()

    def retire(self, worker: Worker) -> None:
        """Remove a slot, once its job is done. It starts no other one."""
        worker.running = False
        self.loop.settled_timers.add(0, lambda: worker.home.retire(worker))
        self.loop.wake()

    def drain(self, timeout: float | None, type: str | None, budget: TimeBudget, *, requeue: bool) -> None:
        """Take no more jobs (of a type, or at all), wait for those that run, and for their outcomes to be written.

        Jobs that still run after `timeout` seconds fail with `Shutdown`, or go back to their queue with `requeue`. All
        waits are spent from the `budget`, but for that for jobs without a timeout.
        """
        draining = [self.slots.of(type)] if type is not None else self.slots.all()
        for type_slots in draining:
            type_slots.stopping = True
        if type is None:
            self.close()
        deadline = None if timeout is None else time.monotonic() + timeout
        # Takes that are on their way may have made jobs active. Code that saw that relies on the jobs being run.
        budget.spend(lambda left: self.loop.answers.settle_down(min(left, _LAST_TAKES_SECONDS)))
        for type_slots in draining:
            type_slots.closed = True
        if deadline is None:
            self.run_wait.wait(type, None)
        else:
            budget.spend(lambda left: self.run_wait.wait(type, deadline))
        self._end(type, requeue=requeue)
        for type_slots in draining:
            for slot in list(type_slots.slots):
                self.retire(slot)
            self.loop.settled_timers.add(0, partial(type_slots.leave, type_slots.shared))
        budget.spend(self.loop.flush)

    def _end(self, type: str | None, *, requeue: bool) -> None:
        most = self._runtime.options.max_requeues
        for run in self.slots.unsettled_runs(type):
            job = run.held_job
            if not requeue:
                self.executor.settle_failed(run, SHUTDOWN)
            elif most is not None and job is not None and job.requeues >= most:
                self.executor.settle_failed(run, PUT_BACK_TOO_OFTEN)
            else:
                run.settle(PutBack("its worker was shut down"))
            self.tracker.abandon(run)

    def stop(self, budget: TimeBudget) -> None:
        """Write the last outcomes and end the threads; handlers must have been drained."""
        if self.loop.running:
            budget.spend(self.loop.stop)
            if self.loop.running and self.loop.has_unwritten:
                logger.error("the last outcomes could not be written; the jobs are left active")
        # Cancelled coroutines clean up meanwhile.
        budget.spend(lambda left: self.executor.stop(max(left - _AFTER_HANDLERS_SECONDS, left / 2)))

    def close(self) -> None:
        """Take no more handlers, since a shutdown begins."""
        self._closed = True

    @property
    def is_closed(self) -> bool:
        """Whether a shutdown ends the runs, with a deadline of its own."""
        return self._closed

    def give_back(self) -> None:
        """At the end of the process: start nothing more, and have every run give its job back."""
        self._closed = True
        for type_slots in self.slots.all():
            type_slots.returned.clear()
            type_slots.stopping = type_slots.closed = True
        self._returned = self.slots.unsettled_runs()
        self._end(None, requeue=True)

    def finish(self, budget: TimeBudget) -> list[Run]:
        """Write the last outcomes, end the threads, and give the lease up. Returns the runs whose jobs went back."""
        self.stop(budget)
        self.end_lease(budget)
        returned = [*self._returned, *(run for type_slots in self.slots.all() for run in type_slots.returned)]
        return [run for run in returned if run.gave_back and run.written]

    def end_lease(self, budget: TimeBudget) -> None:
        """Give the lease up, unless jobs had to be left active under it."""
        if self.loop.started:
            if not self.loop.running:
                self.lease.give_up()
            budget.spend(self.pulse.stop)

    @property
    def is_handler_thread(self) -> bool:
        """Whether the caller is a handler, whose end a shutdown would wait for."""
        return current_job() is not None

    def _renewed(self, lapsed: bool) -> None:
        if lapsed:
            self.tracker.check_all()
        self.loop.wake()

    def health(self) -> dict[str, Any]:
        """What `queue.health()` reports about the workers."""
        stalled = time.monotonic() - self.loop.heartbeat
        return {
            "connected": self.loop.connected,
            "running": self.loop.running,
            "stalled_seconds": round(stalled, 3),
            "slots": self.slots.count,
            "active": len(self.slots.unsettled_runs()),
            "strays": self.tracker.strays,
        }
