"""Saves the jobs of schedules that are due: exactly one for each time, however many processes try.

It sleeps until the next schedule is due, and a second at most, since another process may declare one that is due
sooner; two seconds if there is none at all. Processes wake up at slightly different moments. So most find that another
one has done it already.
"""

from __future__ import annotations

import random

from redis.exceptions import ResponseError

from kue.common.error_reporter import ErrorReporter
from kue.connection.pool import refusal
from kue.errors import InvalidSchedule
from kue.schedules.planning import plan
from kue.store.schedules import Firing, Schedules, StoredSchedule
from kue.store.store import Store

_BATCH_SIZE = 100  # schedules in a round
_MAX_SLEEP_SECONDS = 1.0
_MAX_SLEEP_WITHOUT_SCHEDULES_SECONDS = 2.0  # a process that declares one looks at once
_SPREAD_SECONDS = 0.02


class Recurring:
    """What this process cannot compute, such as in a time zone that is not known here, it leaves to others."""

    jitter = 0.0  # the ticker would wake it too early, or later than need be

    def __init__(self, store: Store, error_reporter: ErrorReporter) -> None:
        self.interval = 0.0
        self._schedules = Schedules(store)
        self._error_reporter = error_reporter
        self._left: dict[str, bytes] = {}  # what is left to others: the digest of each, by name

    def run_once(self, now: int) -> bool:
        self.interval = _MAX_SLEEP_SECONDS
        upcoming = self._schedules.upcoming(_BATCH_SIZE + len(self._left) + 1)
        due = [(name, at) for name, at in upcoming if at <= now]
        if not due:
            self._sleep_until(upcoming, now)
            return False
        firings, refused = self._plan(due, now)
        refused += self._schedules.fire(firings, now)
        if later := [(name, at) for name, at in upcoming if at > now]:
            self._sleep_until(later, now)
        if refused:
            raise refusal(refused[0]) from refused[0]
        return bool(firings)

    def _plan(self, due: list[tuple[str, float]], now: int) -> tuple[list[Firing], list[ResponseError]]:
        """What is to be done, and what Redis refused to show."""
        firings, refused, left = list[Firing](), list[ResponseError](), dict[str, bytes]()
        for (name, _), read in zip(due, self._schedules.read(due), strict=True):
            if isinstance(read, ResponseError):
                refused.append(read)
                continue
            firing = None if read is None else self._planned(name, read, now)
            if firing is not None:
                firings.append(firing)
            else:  # not computed, or just removed, or a case for the doctor
                left[name] = b"" if read is None else _digest(read)
        self._left = left
        return firings, refused

    def _planned(self, name: str, read: StoredSchedule, now: int) -> Firing | None:
        """None if it cannot be computed here, which is reported once."""
        if _digest(read) == self._left.get(name):
            return None
        try:
            return plan(name, read, now)
        except InvalidSchedule as problem:
            text = f"the schedule {name!r} is left to other processes, since this one cannot compute it: {problem}"
            self._error_reporter.report(InvalidSchedule(text))
            return None

    def _sleep_until(self, upcoming: list[tuple[str, float]], now: int) -> None:
        if not upcoming:
            self.interval = _MAX_SLEEP_WITHOUT_SCHEDULES_SECONDS
        else:
            seconds = (upcoming[0][1] - now) / 1000 + random.uniform(0, _SPREAD_SECONDS)
            self.interval = min(_MAX_SLEEP_SECONDS, seconds)


def _digest(read: StoredSchedule) -> bytes:
    return read.hash.get("digest", b"")
