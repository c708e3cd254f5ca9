"""Removes jobs that ended too long ago, and all but the newest, as the options `purge` and `keep` say.

A step is a script that removes a hundred jobs at most. Between two steps Redis has time for others. One process of a
fleet walks at a time, since it keeps a lock from step to step.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from redis.exceptions import ResponseError

from kue.common.clock import steady
from kue.common.error_reporter import ErrorReporter
from kue.connection.pool import refusal
from kue.errors import JobInvalid, RedisRefused
from kue.options.purging import Limits
from kue.options.queue import QueueOptions
from kue.runtime import Runtime
from kue.store.purging import NO_TURN, Purging, Step, Turn
from kue.store.store import Store

_ROUNDS_PER_AGE = 20
_MIN_SECONDS, _MAX_SECONDS = 1.0, 60.0  # between two walks
_MAX_SECONDS_WITH_KEEP = 10.0  # a count is soon exceeded
_SHARE_OF_INTERVAL = 0.9  # for which the lock keeps other processes away
_PAUSE = 2.0  # after a step, for each second that it took
_MAX_PAUSE_SECONDS = 0.005
_SPARED_MS = 1000  # after its end, a Node worker still writes to its job


class _Place(NamedTuple):
    """The jobs of a type in a state, with their limits."""

    type: str
    state: str
    limits: Limits


class Purge:
    """Each round is one step, or finds that there is nothing to do. `interval` says when the next one is due."""

    def __init__(self, runtime: Runtime, clock: Callable[[], float] = steady) -> None:
        self._runtime = runtime
        self._clock = clock
        self._walk: Iterator[int] | None = None
        self.interval = seconds_between_walks(runtime.options)

    def run_once(self, now: int) -> bool:
        if self._walk is None:
            self.interval = seconds_between_walks(self._runtime.options)
            self._walk = self._begin(now)
        if self._walk is None:
            return False
        started, walk, self._walk = self._clock(), self._walk, None
        for _ in walk:
            self._walk, self.interval = walk, min(_MAX_PAUSE_SECONDS, _PAUSE * (self._clock() - started))
            return False
        self.interval = seconds_between_walks(self._runtime.options)
        return False

    def _begin(self, now: int) -> Iterator[int] | None:
        """A walk over all types. None if nothing is purged, or if another process does it."""
        options, store = self._runtime.options, self._runtime.store
        if not _limits(options):
            return None
        turn = Turn(secrets.token_hex(8), round(1000 * _SHARE_OF_INTERVAL * self.interval))
        if not Purging(store).take_turn(turn):
            return None
        places = [_Place(type, *item) for type in store.types() for item in options.limits_of(type).items()]
        return purge(store, self._runtime.error_reporter, places, now, turn, _SPARED_MS)


def purge(
    store: Store,
    error_reporter: ErrorReporter,
    places: Sequence[tuple[str, str, Limits]],
    now: int,
    turn: Turn = NO_TURN,
    spared: int = 0,
) -> Iterator[int]:
    """Purge a step with each value, which is how many jobs it removed. Jobs that ended in the last `spared` ms stay.

    A place that Redis refuses, such as a key of the wrong kind, is passed over. The first refusal is raised at the end.
    """
    purging = Purging(store)
    problem: RedisRefused | None = None
    counts = store.ask([store.commands.count(state, type) for type, state, _ in places])
    for (type, state, limits), count in zip(places, counts, strict=True):
        try:
            if isinstance(count, ResponseError):
                raise refusal(count)
            for step in _steps(purging, type, state, limits, count, now, turn, spared) if count else ():
                if step is None:
                    return
                if step.broken:
                    _drop(store, error_reporter, step.broken, type)
                yield step.removed
        except RedisRefused as refused:
            if refused.transient:
                raise
            problem = problem or refused
    if problem is not None:
        raise problem


def _steps(
    purging: Purging, type: str, state: str, limits: Limits, count: int, now: int, turn: Turn, spared: int
) -> Iterator[Step | None]:
    step: Step | None
    if limits.keep is not None and count > limits.keep:
        passed: int | None = 0
        while passed is not None:
            yield (step := purging.purge_surplus(turn, type, state, limits.keep, now - spared, now))
            passed = step and step.passed
    if limits.age is not None:
        passed = 0
        while passed is not None:
            yield (step := purging.purge_old(turn, type, state, passed, now - max(limits.age, spared), now))
            passed = step and step.passed


def _drop(store: Store, error_reporter: ErrorReporter, broken: list[int | str], type: str) -> None:
    store.drop_broken(broken, type)
    for id in broken:
        error_reporter.warn(JobInvalid(id, "had ended, but has no type, and was dropped"))


def _limits(options: QueueOptions) -> list[Limits]:
    """All limits that hold for any type."""
    return [limits for type in ("", *options.job_flags) for limits in options.limits_of(type).values()]


def seconds_between_walks(options: QueueOptions) -> float:
    """A twentieth of the shortest age, within bounds."""
    limits = _limits(options)
    ages = [one.age / 1000 / _ROUNDS_PER_AGE for one in limits if one.age is not None]
    most = _MAX_SECONDS if all(one.keep is None for one in limits) else _MAX_SECONDS_WITH_KEEP
    return max(_MIN_SECONDS, min([most, *ages]))
