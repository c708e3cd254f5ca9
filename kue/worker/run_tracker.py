"""Keeps track of the runs of this process: what became of each report, which runs have lost their job.

- reads the answers to reports: written, lost to another worker, or a job that is broken
- checks, after the lease had run out, which runs still hold their jobs
- has a run that is over let go of its job
- abandons runs, counts the handlers that run on as strays, and closes slots if there are too many

It starts no run and takes no job; the fetcher does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from redis.exceptions import ResponseError

from kue.connection.connection import Command
from kue.connection.pool import refusal
from kue.errors import JobInvalid, JobLost, KueError
from kue.runtime import Runtime
from kue.worker.io.calls import Call, Report, RunCheck
from kue.worker.io.reports import ReplyStatus, classify_reply, count
from kue.worker.run import Run
from kue.worker.slots import AllSlots, TypeSlots

_MIN_STRAY_LIMIT = 16
_STRAYS_PER_SLOT = 2


class RunTracker:
    """Any thread may call `abandon`, `strays` and `check_all`, only the I/O thread the rest."""

    def __init__(self, runtime: Runtime, slots: AllSlots, run_ended: Callable[[], None]) -> None:
        self._runtime = runtime
        self._slots = slots
        self._run_ended = run_ended
        self._lock = threading.RLock()
        self._abandoned: list[Run] = []
        self._closed: list[tuple[TypeSlots, Run]] = []  # slots that stay closed until a stray returns
        self._follow_ups: list[Command] = []
        self._must_check = False

    # what the I/O loop asks

    def release(self, run: Run, type_slots: TypeSlots) -> None:
        """Free the slot of a run whose last report is about to be sent, unless too many handlers run on."""
        if run.executing and run.abandoned and self.strays > self._stray_limit():
            self._closed.append((type_slots, run))
            problem = (
                f"{self.strays} handlers run on past their end; a slot of {type_slots.type!r} stays closed until one "
                "returns"
            )
            self._runtime.error_reporter.report(KueError(problem))
        else:
            type_slots.release(run)
        self._run_ended()

    def reopen_slots(self) -> None:
        """Give back one closed slot if few enough handlers run on."""
        if self._closed and self.strays <= self._stray_limit():
            type_slots, run = self._closed.pop(0)
            type_slots.release(run)

    def calls(self) -> Iterable[Call]:
        """What to send besides reports: broken jobs to drop, and checks of runs."""
        if not (self._follow_ups or self._must_check):
            return ()
        calls: list[Call] = [Call(command) for command in self._follow_ups]
        self._follow_ups.clear()
        if self._must_check:
            self._must_check = False
            holder = self._runtime.store.commands.holder
            calls += [
                RunCheck(holder(run.id), run, self._checked, self._check_again) for run in self._slots.unsettled_runs()
            ]
        return calls

    # what Redis answers

    def check_all(self) -> None:
        """Check every run: the lease had run out, and other processes may have taken over jobs meanwhile."""
        self._must_check = True

    def _check_again(self, run: Run) -> None:
        self._must_check = True

    def _checked(self, run: Run, reply: Any) -> None:
        held = [b"active", run.worker_id.encode()]
        if not run.settled and isinstance(reply, list) and reply != held:
            self._lost(run, "further messages and outcome")

    def report_answered(self, report: Report, reply: Any) -> None:
        """Note what became of a report."""
        run = report.run
        if isinstance(reply, ResponseError):
            self._runtime.error_reporter.report(refusal(reply))
            if report.ends:
                run.log_end_at_ttl(reply)
            return
        if reply[0] < 0 and (status := classify_reply(report, reply)) is not ReplyStatus.WRITTEN:
            if status is ReplyStatus.BROKEN:
                self._drop_broken(run)
            self._lost(run, "outcome" if report.ends else "message")
        elif report.ends:
            run.written = True
            counts = self._slots[run.type].counts
            if report.completion:
                counts.completed.append(report.completion[2])
            else:
                count(report, reply, counts)
                run.log_end_at_ttl(reply)
            # The job refers to its run. If the run did so for ever, only the garbage collector would free the two.
            if not (run.executing or run.lingers):
                del run.job

    def _drop_broken(self, run: Run) -> None:
        self._follow_ups.append(self._runtime.store.transitions.drop_broken(run.id, [run.type]))
        if not run.reported_lost:
            run.reported_lost = True
            self._runtime.error_reporter.warn(JobInvalid(run.id, "has lost its type while it ran, and was dropped"))

    def _lost(self, run: Run, what: str) -> None:
        if run.handed_over:
            return
        if not run.reported_lost:
            run.reported_lost = True
            self._runtime.error_reporter.warn(JobLost(run.id, what))
        self.abandon(run)

    # handlers that run on

    def abandon(self, run: Run) -> None:
        """Stop waiting for a handler: a coroutine is cancelled, a thread is a stray until it returns.

        A second call does nothing: what a coroutine awaits to clean up is not interrupted.
        """
        if run.abandoned:
            return
        run.abandoned = True
        if run.executing:
            with self._lock:
                self._abandoned.append(run)
        if run.cancel is not None:
            run.cancel()

    @property
    def strays(self) -> int:
        """How many handlers run on past the end of their run."""
        with self._lock:
            self._abandoned = [run for run in self._abandoned if run.executing]
            return len(self._abandoned)

    def _stray_limit(self) -> int:
        return max(_MIN_STRAY_LIMIT, _STRAYS_PER_SLOT * self._slots.count)
