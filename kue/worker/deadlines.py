"""Ends runs at their ttl, and answers Node's checker: the acknowledgement dance seen from the worker's side.

A run ends itself at its ttl, and its score in Redis lies a few seconds later, so that a checker meets only runs whose
process is dead or stuck. One that asks all the same is answered, also for a run that has just ended. Who asks looks on
the channel like a run that says how it ended itself, but the latter is acknowledged in the same breath.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from kue.common.timer_queue import TimerQueue
from kue.events.watcher import Outcome
from kue.jobs.failure import TTL_EXCEEDED
from kue.runtime import Runtime
from kue.worker.execution.executor import Executor
from kue.worker.io.calls import Call, RunCheck
from kue.worker.run import Run

MARGIN = 5000
_REMEMBER = 10.0
_BREATH = 0.1


class TtlWatcher:
    """Hears `ttl exceeded` for one run, and a little longer, and whether somebody acknowledges it."""

    must_settle = False

    def __init__(self, run: Run, said: Callable[[], None]) -> None:
        self._run = run
        self._said = said
        self.unanswered = False

    def wants(self, event: str) -> bool:
        return event in ("start", "ttl exceeded", "ttl exceeded ack")

    def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
        if event == "start" and self._run.settled:
            return True  # the job runs again, here or elsewhere: from now on that run answers
        if event == "ttl exceeded":
            self.unanswered = True
            self._said()
        elif event == "ttl exceeded ack":
            self.unanswered = False
        return False

    def on_outcome(self, outcome: Outcome) -> None:
        pass


class Deadlines:
    """The runs of a process that have a ttl. For the I/O thread, but for what is asked over the channel."""

    def __init__(
        self, runtime: Runtime, executor: Executor, abandon: Callable[[Run], None], timers: TimerQueue
    ) -> None:
        self._runtime = runtime
        self._executor = executor
        self._abandon = abandon
        self._timers = timers
        self._watches: dict[Run, TtlWatcher] = {}
        self._due: dict[Run, float] = {}
        self._asked: list[Run] = []
        self._checks: list[Run] = []

    def started(self, run: Run) -> None:
        """A run began."""
        ttl = run.job.ttl()
        if not ttl:
            return
        watch = TtlWatcher(run, lambda: self._on_said(run))
        self._watches[run] = watch
        self._runtime.hub.watch_soon(run.job.id or 0, watch)
        self._set(run, ttl / 1000)

    def ended(self, run: Run) -> None:
        """A run ended: soon nobody will ask for it any more."""
        if run in self._watches:
            self._due.pop(run, None)
            self._timers.add(_REMEMBER, lambda: self._forget(run))

    def checks(self) -> list[Call]:
        """The runs whose time is up, or said to be: Redis knows whether an update has pushed their deadline."""
        checks, self._checks = self._checks, []
        asked, self._asked = self._asked, []
        calls: list[Call] = [self._check(run, self._found, self._checks.append) for run in checks]
        for run in asked:
            if not run.settled:
                calls.append(self._check(run, self._found_when_asked, self._asked.append))
            else:
                calls.append(Call(self._runtime.store.commands.publish(run.job.id or 0, "ttl exceeded ack")))
        return calls

    def _check(self, run: Run, found: Callable[[Run, Any], None], again: Callable[[Run], None]) -> Call:
        return RunCheck(self._runtime.store.commands.deadline(run.job.id or 0), run, found, again)

    def _set(self, run: Run, seconds: float) -> None:
        self._due[run] = time.monotonic() + seconds
        run.moved = False
        self._timers.add(seconds, lambda: self._time_is_up(run))

    def _time_is_up(self, run: Run) -> None:
        if run.settled or run not in self._due:
            return
        self._checks.append(run)

    def _found(self, run: Run, score: Any) -> None:
        left = self._left(score)
        if run.settled:
            return
        if left > 0 or run.moved:
            self._set(run, max(left, 1.0) / 1000)
            return
        self._end(run, "ttl")

    def _found_when_asked(self, run: Run, score: Any) -> None:
        if self._left(score) > 0:
            return  # meant for an earlier run of the job, and heard late
        if run.settled or not self._end(run, "asked"):
            self._asked.append(run)
            run.wake()

    def _left(self, score: Any) -> float:
        try:
            return float(score) - MARGIN - self._runtime.store.clock()
        except (TypeError, ValueError):
            return 0.0

    def _end(self, run: Run, mode: str) -> bool:
        ended = self._executor.settle_failed(run, TTL_EXCEEDED, mode)
        if ended:
            self._abandon(run)
        return ended

    def _on_said(self, run: Run) -> None:
        """Somebody says `ttl exceeded` (the subscriber's thread)."""
        self._timers.add(_BREATH, lambda: self._answer(run))
        run.wake()

    def _answer(self, run: Run) -> None:
        watch = self._watches.get(run)
        if watch is not None and watch.unanswered:
            watch.unanswered = False
            self._asked.append(run)

    def _forget(self, run: Run) -> None:
        watch = self._watches.pop(run, None)
        if watch is not None:
            self._runtime.hub.unwatch(run.job.id or 0, watch)
