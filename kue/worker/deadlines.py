"""Ends runs at their ttl, and acknowledges `ttl exceeded` to the checkers of Kue, which end runs whose workers do not.

A run ends itself at its ttl. Its deadline in Redis lies a few seconds later, so that a checker meets only runs whose
process is dead or stuck. If a checker announces another run all the same, it gets an ack, also if that run has just
ended. A run that ended itself publishes `ttl exceeded` too, but its own ack at once, so that the two can be told apart.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from kue.common.timer_queue import Timer, TimerQueue
from kue.events.watcher import Outcome
from kue.jobs.failure import TTL_EXCEEDED
from kue.runtime import Runtime
from kue.store.commands import LOWEST_DEADLINE
from kue.worker.execution.executor import Executor
from kue.worker.io.calls import Call, RunCheck
from kue.worker.run import Run

_MARGIN_MS = 5000  # as in Lua: from the end of a run by itself to its deadline in Redis
_ACKS_AFTER_END_SECONDS = 10.0  # a checker may have found the run before it ended
_OWN_ACK_SECONDS = 0.1  # within which the ack of a run that ended itself arrives


class TtlWatcher:
    """Receives `ttl exceeded` about one run, until a little after its end, and notes whether it was acknowledged."""

    must_settle = False
    may_have_missed = False
    created_at: int | None = None  # Node does not send it, and Redis is asked about the run before it ends
    settled_by = frozenset[str]()

    def __init__(self, run: Run, exceeded: Callable[[], None]) -> None:
        self._run = run
        self._exceeded = exceeded
        self.unacknowledged = False

    def wants(self, event: str) -> bool:
        return event in ("start", "ttl exceeded", "ttl exceeded ack")

    def on_event(self, event: str, args: tuple[Any, ...]) -> bool:
        if event == "start" and self._run.settled:
            return True  # the job runs again, here or elsewhere: from now on the worker of that run acknowledges
        if event == "ttl exceeded":
            self.unacknowledged = True
            self._exceeded()
        elif event == "ttl exceeded ack":
            self.unacknowledged = False
        return False

    def on_outcome(self, outcome: Outcome) -> None:
        pass


class Deadlines:
    """The runs of a process that have a ttl. For the I/O thread."""

    def __init__(
        self, runtime: Runtime, executor: Executor, abandon: Callable[[Run], None], timers: TimerQueue
    ) -> None:
        self._runtime = runtime
        self._executor = executor
        self._abandon = abandon
        self._timers = timers
        self._watchers: dict[Run, TtlWatcher] = {}
        self._deadlines: dict[Run, float] = {}
        self._timers_of: dict[Run, Timer] = {}  # cancelled at the end of the run, since a ttl may last for days
        self._announced: list[Run] = []
        self._due_runs: list[Run] = []

    def started(self, run: Run) -> None:
        """A run began: it ends at its ttl, if it has one."""
        ttl = run.job.ttl()
        if not ttl:
            return
        watcher = TtlWatcher(run, lambda: self._on_exceeded(run))
        self._watchers[run] = watcher
        run.has_deadline = True
        self._runtime.hub.watch_soon(run.id, watcher)
        self._set(run, ttl / 1000)

    def ttl_changed(self, run: Run) -> None:
        """The handler set another ttl, which counts from now. Redis may not know it yet."""
        if run.settled:
            return
        ttl = run.job.ttl()
        if not ttl:
            self._forget_deadline(run)
        elif run in self._watchers:
            self._set(run, ttl / 1000)
        else:
            self.started(run)
        run.deadline_moved = True

    def ended(self, run: Run) -> None:
        """A run that had a deadline ended. For a while a checker that found it before is still acknowledged."""
        self._forget_deadline(run)
        self._timers.add(_ACKS_AFTER_END_SECONDS, lambda: self._forget(run))

    def checks(self) -> list[Call]:
        """The calls that are due: acks, and questions about runs whose ttl is over, here or according to a checker.

        The questions are needed since an update of the job may have moved its deadline.
        """
        if not (self._due_runs or self._announced):
            return []
        due, self._due_runs = self._due_runs, []
        announced, self._announced = self._announced, []
        calls: list[Call] = [self._check(run, self._found, self._due_runs.append) for run in due]
        for run in announced:
            if not run.settled:
                calls.append(self._check(run, self._found_announced, self._announced.append))
            else:
                calls.append(Call(self._runtime.store.commands.publish(run.id, "ttl exceeded ack")))
        return calls

    def _check(self, run: Run, found: Callable[[Run, Any], None], again: Callable[[Run], None]) -> Call:
        return RunCheck(self._runtime.store.commands.deadline(run.id), run, found, again)

    def _set(self, run: Run, seconds: float) -> None:
        self._forget_deadline(run)
        self._deadlines[run] = time.monotonic() + seconds
        run.deadline_moved = False
        self._timers_of[run] = self._timers.add(seconds, lambda: self._time_is_up(run))

    def _forget_deadline(self, run: Run) -> None:
        self._deadlines.pop(run, None)
        if (timer := self._timers_of.pop(run, None)) is not None:
            timer.cancel()

    def _time_is_up(self, run: Run) -> None:
        if run.settled or time.monotonic() < self._deadlines.get(run, math.inf):
            return  # of two timers the later one counts
        self._due_runs.append(run)

    def _found(self, run: Run, score: Any) -> None:
        left = self._left(score)
        if run.settled or run not in self._deadlines:
            return
        if left == math.inf:
            self._forget_deadline(run)
            return
        if left > 0 or run.deadline_moved:
            self._set(run, max(left, 1.0) / 1000)
            return
        self._end(run, "ttl")

    def _found_announced(self, run: Run, score: Any) -> None:
        if self._left(score) > 0:
            return  # the checker announced an earlier run of the job, and this was received late
        if run.settled or not self._end(run, "asked"):
            self._announced.append(run)
            run.wake()

    def _left(self, score: Any) -> float:
        try:
            deadline = float(score)
        except (TypeError, ValueError):
            return 0.0
        if deadline < LOWEST_DEADLINE:
            return math.inf  # an update took the ttl away
        return deadline - _MARGIN_MS - self._runtime.store.clock()

    def _end(self, run: Run, mode: str) -> bool:
        ended = self._executor.settle_failed(run, TTL_EXCEEDED, mode)
        if ended:
            self._abandon(run)
        return ended

    def _on_exceeded(self, run: Run) -> None:
        """A checker or the run itself published `ttl exceeded`. Called by the thread of the events."""
        self._timers.add(_OWN_ACK_SECONDS, lambda: self._note_announcement(run))
        run.wake()

    def _note_announcement(self, run: Run) -> None:
        watcher = self._watchers.get(run)
        if watcher is not None and watcher.unacknowledged:
            watcher.unacknowledged = False
            self._announced.append(run)

    def _forget(self, run: Run) -> None:
        watcher = self._watchers.pop(run, None)
        if watcher is not None:
            self._runtime.hub.unwatch(run.id, watcher)
