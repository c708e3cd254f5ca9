"""Saves the jobs of schedules that are due: exactly one for each time, however many processes try.

It sleeps until the next schedule is due, and a second at most, since another process may declare one that is due
sooner; two seconds if there is none at all. Processes wake up at slightly different moments. So most find that another
one has done it already.
"""

from __future__ import annotations

import random

from redis.exceptions import ResponseError

from kue.connection.pool import refusal
from kue.errors import InvalidSchedule
from kue.jobs.indexing import complete_index
from kue.runtime import Runtime
from kue.schedules.planning import plan
from kue.store.schedules import Firing, Schedules, StoredSchedule

_BATCH_SIZE = 100  # schedules in a round
_MAX_REPORTED = 1000  # schedules that are remembered as reported
_MAX_SLEEP_SECONDS = 1.0
_MAX_SLEEP_WITHOUT_SCHEDULES_SECONDS = 2.0  # a process that declares one looks at once
_SPREAD_SECONDS = 0.02


class Recurring:
    """What this process cannot compute, such as in a time zone that is not known here, it leaves to others."""

    jitter = 0.0  # the ticker would wake it too early, or later than need be

    def __init__(self, runtime: Runtime) -> None:
        self.interval = 0.0
        self._schedules = Schedules(runtime.store)
        self._runtime = runtime
        self._counters = runtime.counters
        self._error_reporter = runtime.error_reporter
        self._left = set[str]()  # due, and not done here in the last round: they must not fill every batch
        self._reported: dict[str, bytes] = {}  # what was left to others: the digest of each, by name

    def run_once(self, now: int) -> bool:
        self.interval = _MAX_SLEEP_SECONDS
        upcoming = self._schedules.upcoming(_BATCH_SIZE + len(self._left) + 1)
        due = [(name, at) for name, at in upcoming if at <= now]
        if not due:
            self._sleep_until(upcoming, now)
            return False
        firings, refused = self._plan(due, now)
        fired = self._schedules.fire(firings, now)
        refused |= fired.refused
        for type, count in fired.saved.items():
            self._counters.of(type).created.append(count)
        if fired.to_index:
            complete_index(self._runtime, fired.to_index)
        problems = {name: refusal(reply) for name, reply in refused.items()}
        self._left |= {name for name, problem in problems.items() if not problem.transient}
        if later := [(name, at) for name, at in upcoming if at > now]:
            self._sleep_until(later, now)
        for name, problem in problems.items():
            raise problem from refused[name]
        return bool(firings)

    def _plan(self, due: list[tuple[str, float]], now: int) -> tuple[list[Firing], dict[str, ResponseError]]:
        """What is to be done, and what Redis refused to show, by name."""
        firings, refused, left = list[Firing](), dict[str, ResponseError](), set[str]()
        for (name, _), read in zip(due, self._schedules.read(due), strict=True):
            if isinstance(read, ResponseError):
                refused[name] = read
                continue
            firing = None if read is None else self._planned(name, read, now)
            if firing is not None:
                firings.append(firing)
            else:  # not computed, or just removed, or a case for the doctor
                left.add(name)
        self._left = left
        return firings, refused

    def _planned(self, name: str, read: StoredSchedule, now: int) -> Firing | None:
        """None if it cannot be computed here, which is reported once for each definition."""
        try:
            return plan(name, read, now)
        except Exception as problem:  # the other schedules are due all the same
            digest = read.hash.get("digest", b"")
            if self._reported.get(name) != digest:
                self._remember(name, digest)
                self._report(name, problem)
            return None

    def _remember(self, name: str, digest: bytes) -> None:
        self._reported.pop(name, None)
        self._reported[name] = digest
        if len(self._reported) > _MAX_REPORTED:
            del self._reported[next(iter(self._reported))]

    def _report(self, name: str, problem: Exception) -> None:
        why = problem if isinstance(problem, InvalidSchedule) else f"{type(problem).__name__}: {problem}"
        text = f"the schedule {name!r} is left to other processes, since this one cannot compute it: {why}"
        reported = InvalidSchedule(text)
        reported.__cause__ = None if isinstance(problem, InvalidSchedule) else problem
        self._error_reporter.report(reported)

    def _sleep_until(self, upcoming: list[tuple[str, float]], now: int) -> None:
        if not upcoming:
            self.interval = _MAX_SLEEP_WITHOUT_SCHEDULES_SECONDS
        else:
            seconds = (upcoming[0][1] - now) / 1000 + random.uniform(0, _SPREAD_SECONDS)
            self.interval = min(_MAX_SLEEP_SECONDS, seconds)
