"""One run of one job: the effects of its handler, its outcome, and whether it still holds the job."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from kue.common.forks import forks
from kue.connection.connection import Argument
from kue.errors import ForkedChild
from kue.jobs.run_log import log_cancelled, log_completed, log_failed, log_ghost, log_without_outcome, logger
from kue.store.effects import Effects
from kue.worker.outcomes import Failed, Outcome, PutBack, Snoozed, became_a_ghost, if_cancelled

if TYPE_CHECKING:
    from kue.jobs.job import Job
    from kue.store.store import Store
    from kue.worker.execution.middleware import MiddlewareStack
    from kue.worker.handler import Handler

_MAX_UNSENT_EFFECTS = 10_000
_GIVE_BACK = (PutBack, Snoozed)  # outcomes with which the job goes back by itself


class RunIO(Protocol):
    """What a run needs from the I/O thread."""

    store: Store

    def notify(self, run: Run) -> None:
        """The run has something new to report. Any thread."""

    def flush(self) -> None:
        """Return when Redis has answered all earlier reports, or is away."""

    def ttl_changed(self, run: Run) -> None:
        """The deadline of a run is to be computed anew. Any thread."""


class SlotsOfType(Protocol):
    """What a run asks of the slots of its type."""

    paused: bool
    stopping: bool


class Run:
    """A job in a slot.

    - collects the effects that its handler asks for, which the I/O thread reports
    - takes the first outcome that any thread settles it with
    - knows whether it still holds its job, and fences the handler's changes of the job with its worker id

    It sends nothing to Redis itself, except in a forked child of the handler, where no I/O thread runs.
    """

    job: Job  # until nothing asks for it any more, see `RunTracker`
    slot: Any  # the `Worker` that it is in, or was in last
    type_slots: SlotsOfType
    handler: Handler | None = None
    context: Any = None  # the `ctx` of a three-argument handler
    middleware: MiddlewareStack | None = None  # the generators around its handler, until they are left
    called = False  # the handler, or it is about to be
    reported_lost = False
    executing = False
    lingers = False  # something that it began may ask for its job after the call of its handler
    abandoned = False
    cancel: Callable[[], Any] | None = None
    cancellation = ""  # the error of its job, once the run was cancelled
    has_deadline = False  # or had one
    deadline_moved = False  # by progress that may not have reached Redis yet
    gave_back = False  # its job, as its outcome
    handed_over = False  # its handler moved or removed the job, so the run has nothing left to end
    written = False  # Redis has the outcome
    option_effects: Effects = ()  # the options that its handler set on the job; they ride with the outcome
    settled_at = 0.0  # by the steady clock, in seconds
    ended_at_ttl: tuple[Failed, int] | None = None  # with its duration; until it is logged
    _is_complete = False  # the outcome, with all that goes with it
    _effects: deque[Effects] | None = None  # since the first

    def __init__(self, job: Job, worker_id: str, number: int, started: int, io: RunIO) -> None:
        self.job = job
        self.id = job.id or 0
        self.type = job.type
        self.worker_id = worker_id
        self.number = number
        self.started = started
        self._io = io
        self._forks = forks.count
        self._outcomes: dict[str, Outcome | None] = {}  # "first": None once it was given to the I/O thread

    def apply_effects(self, effects: Effects) -> None:
        """Have effects carried out soon and in order, if the run still holds the job then.

        Waits for Redis if too many are unsent. In a forked child it raises what the store raises.
        """
        if self._is_inherited:
            self._io.store.apply_effects(self.id, self.worker_id, effects)
            return
        unsent = self._effects
        if unsent is None:  # made only now, since few runs have any, and in one step, since any thread may report
            unsent = vars(self).setdefault("_effects", deque())
        unsent.append(effects)
        if len(unsent) > _MAX_UNSENT_EFFECTS:  # the handler is faster than Redis, or Redis does not answer
            self._io.flush()
        self._io.notify(self)

    def flush(self) -> None:
        """Return when all effects and the outcome have reached Redis, or Redis is away; at once if there were none."""
        if (self._effects is not None or self._is_ending) and not self._is_inherited:
            self._io.flush()

    @property
    def _is_inherited(self) -> bool:
        """Whether the handler forked and this is the child: the I/O thread runs in its parent only."""
        return forks.count != self._forks

    @property
    def _is_ending(self) -> bool:
        """Whether its outcome is on its way to Redis."""
        return self.settled and not (self.written or self.abandoned)

    def touch(self, *, new_ttl: bool = False) -> None:
        """The deadline moves to the full ttl from now: progress was made, or the handler set another ttl."""
        self.deadline_moved = True
        if new_ttl and not self._is_inherited:
            self._io.ttl_changed(self)

    @property
    def lost(self) -> bool:
        """Whether the run no longer holds its job: another run has it, or this run was abandoned (ttl, shutdown).

        In a forked child it asks Redis, and raises what the store raises.
        """
        if self._is_inherited and not self.abandoned:
            return self._io.store.holder(self.id) != ("active", self.worker_id)
        return self.abandoned

    @property
    def fence(self) -> str:
        """The worker id to fence changes of the job with; "" if they need no fence.

        They need none once the outcome was written, for which this waits if it is on its way, or once the handler moved
        the job. Those of an abandoned run always do.
        """
        if self._is_ending and not self._is_inherited:
            self._io.flush()
        return "" if not self.abandoned and (self.written or self.handed_over) else self.worker_id

    def hand_over(self, given: bool = True) -> None:
        """The handler moved or removed the job itself; with `given=False` it made the job active again."""
        self.handed_over = given

    def wake(self) -> None:
        """Wake the I/O thread, though this run has nothing new to report."""
        self._io.notify(self)

    @property
    def may_start(self) -> bool:
        """Whether the handler may be called: the run has not ended meanwhile, nor its slot, nor was its type paused."""
        return not (self._outcomes or self.cancellation or self.type_slots.paused) and self.slot.running

    @property
    def stopping(self) -> bool:
        """Whether a shutdown has begun that waits for this run to end."""
        return self.type_slots.stopping

    @property
    def settled(self) -> bool:
        return bool(self._outcomes)

    def settle(self, outcome: Outcome) -> bool:
        """End the run. Any thread may; the first outcome counts, and for later ones this returns False.

        Raises `ForkedChild` in a forked child, whose parent ends the run.
        """
        if forks.count != self._forks:
            raise ForkedChild(f"the run of job {self.id} is ended by the process that this one was forked from")
        if self.cancellation:
            outcome = if_cancelled(outcome, self.cancellation)
        # In one step, so that an exception thrown into this thread leaves no run that is settled without an outcome.
        if self._outcomes.setdefault("first", outcome) is not outcome:
            return False
        if isinstance(outcome, Failed) or logger.isEnabledFor(logging.INFO):
            self._log(outcome)
        if self.job.set_options and not self.handed_over:
            self.option_effects = self.job.outcome_options()
        self._is_complete = True
        self.settled_at = time.monotonic()
        self._io.notify(self)
        return True

    def report_end(self) -> None:
        """Have the outcome reported again, since an exception may have kept the thread that settled from this."""
        self._is_complete = True
        self._io.notify(self)

    def _log(self, outcome: Outcome) -> None:
        now = self.job.runtime.store.clock()
        duration = max(0, now - self.started)
        if self.handed_over:
            log_without_outcome(self.job, duration, "its handler has moved or removed it")
        elif self.cancellation and isinstance(outcome, Failed):
            log_cancelled(self.job, duration, self.cancellation, outcome.cause)
        elif isinstance(outcome, Failed) and outcome.ttl_mode:  # only Redis knows whether the job becomes a ghost
            self.ended_at_ttl = (outcome, duration)
        elif isinstance(outcome, Failed):
            log_failed(self.job, duration, outcome.failure, outcome.retry, outcome.cause)
        elif isinstance(outcome, PutBack):
            log_without_outcome(self.job, duration, outcome.reason)
        elif isinstance(outcome, Snoozed):
            log_without_outcome(self.job, duration, f"snoozed for {outcome.left(now)} ms")
        else:
            log_completed(self.job, duration)

    def log_end_at_ttl(self, reply: Any) -> None:
        """Log that the run ended at its ttl, once Redis has answered whether the job has failed or is a ghost."""
        if self.ended_at_ttl is None:
            return
        (outcome, duration), self.ended_at_ttl = self.ended_at_ttl, None
        if became_a_ghost(reply, self.job.attempts_made):
            log_ghost(self.job, duration, *(reply[2:] if reply[0] == 1 else ()))
        else:
            log_failed(self.job, duration, outcome.failure, outcome.retry, outcome.cause)

    @property
    def held_job(self) -> Job | None:
        """The job; None once the run is over and has let go of it. For threads that may ask that late."""
        return getattr(self, "job", None)

    def news(self) -> tuple[list[Argument], Outcome | None]:
        """The effects since the last call, and the outcome, which is given once. For the I/O thread."""
        outcome = self._outcomes.get("first") if self._is_complete else None
        if outcome is not None:
            self.gave_back = isinstance(outcome, _GIVE_BACK)
            self._outcomes["first"] = None
        effects: list[Argument] = []
        while self._effects:
            effects.extend(self._effects.popleft())
        return effects, outcome
