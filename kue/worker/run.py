"""One run of one job: what its handler says, how it ended, and whether it still holds the job."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kue.connection.connection import Argument
from kue.errors import ForkedChild
from kue.store.effects import Effects
from kue.store.transitions import Failure, Retry

if TYPE_CHECKING:
    from kue.jobs.job import Job
    from kue.worker.handler import Handler

_MOST_SAID = 10_000


@dataclass(frozen=True, slots=True)
class Completed:
    """The handler is done; `result` is JSON, None where there is none."""

    result: bytes | None


@dataclass(frozen=True, slots=True)
class Failed:
    """The run failed. `ttl_mode` as the script `fail` has it."""

    failure: Failure
    retry: Retry
    ttl_mode: str = ""


@dataclass(frozen=True, slots=True)
class PutBack:
    """The run gives its job back without using up an attempt."""


Outcome = Completed | Failed | PutBack


class RunIO(Protocol):
    """What a run needs of the I/O thread."""

    def notify(self, run: Run) -> None:
        """The run has something new. Any thread."""

    def flush(self) -> None:
        """Return when everything told before has been answered by Redis, or Redis is away."""


class Run:
    """A job in a slot. The handler's thread says and settles; the I/O thread reports."""

    handler: Handler | None = None
    reported_lost = False
    executing = False
    abandoned = False
    cancel: Callable[[], Any] | None = None
    moved = False
    gave_back = False
    handed_over = False  # by its handler, which moved or removed the job: there is nothing left to end
    written = False  # the outcome, by this run's last report
    _has_said = False
    _outcome: Outcome | None = None

    def __init__(self, job: Job, worker_id: str, number: int, started: int, io: RunIO) -> None:
        self.job = job
        self.type = job.type
        self.worker_id = worker_id
        self.number = number
        self.started = started
        self._io = io
        self._process = os.getpid()
        self._unsettled = [True]
        self._said: deque[Effects] = deque()

    def apply_effects(self, effects: Effects) -> None:
        """Have something said at once, in order, if the run still holds the job then.

        Waits for Redis if very much is waiting to be sent. In a forked child it raises what the store raises.
        """
        if self._is_inherited:
            self.job.runtime.store.apply_effects(self.job.id or 0, self.worker_id, effects)
            return
        self._said.append(effects)
        self._has_said = True
        if len(self._said) > _MOST_SAID:  # faster than Redis takes it, or Redis stands still
            self._io.flush()
        self._io.notify(self)

    def flush(self) -> None:
        """Return when all of this has reached Redis; at once where nothing was said."""
        if self._has_said and not self._is_inherited:
            self._io.flush()

    @property
    def _is_inherited(self) -> bool:
        """Whether the handler has forked, and this is the child: the I/O thread is its parent's."""
        return os.getpid() != self._process

    def touch(self) -> None:
        """The deadline moves to the full ttl from now."""
        self.moved = True

    @property
    def lost(self) -> bool:
        """Whether the job is no longer held: another has it, or this run was given up (its ttl, a shutdown).

        In a forked child Redis is asked, and what that raises is raised.
        """
        if self._is_inherited and not self.abandoned:
            return self.job.runtime.store.holder(self.job.id or 0) != ("active", self.worker_id)
        return self.abandoned

    @property
    def fence(self) -> str:
        """The worker id, until the outcome of the run counts; where the run was given up, for ever."""
        if self.settled and not (self.written or self.abandoned or self._is_inherited):
            self._io.flush()
        return "" if not self.abandoned and (self.written or self.handed_over) else self.worker_id

    def hand_over(self, given: bool = True) -> None:
        """The handler changed the job's state itself, or made it active again."""
        self.handed_over = given

    def wake(self) -> None:
        """Have the I/O thread look, though this run has nothing new."""
        self._io.notify(self)

    @property
    def settled(self) -> bool:
        return not self._unsettled

    def settle(self, outcome: Outcome) -> bool:
        """End the run; False where it has ended before. Any thread may; the first counts. Raises `ForkedChild`."""
        if self._is_inherited:
            raise ForkedChild(f"the run of job {self.job.id} is ended by the process that this one was forked from")
        try:
            self._unsettled.pop()
        except IndexError:
            return False
        self._outcome = outcome
        self.gave_back = isinstance(outcome, PutBack)
        self._io.notify(self)
        return True

    def news(self) -> tuple[list[Argument], Outcome | None]:
        """What was said since the last call, and how the run ended, once. For the I/O thread."""
        outcome = self._outcome
        if outcome is not None:
            self._outcome = None
        said: list[Argument] = []
        while self._said:
            said.extend(self._said.popleft())
        return said, outcome
