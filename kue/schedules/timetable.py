"""The times of one schedule between its start and its end, and which of them are due. Pure.

Those of an interval are a grid from its first time on, so that nothing drifts. `cron` has those of a cron expression.

A time is missed if a later one is due as well, or if it was due more than a minute ago: no process was there to see it.
"""

from __future__ import annotations

from typing import Protocol

MAX_CAUGHT_UP = 100
ON_TIME_MS = 60_000
LATEST_MS = 253_402_128_000_000  # 30 December 9999: a datetime in any zone can show it


class Recurrence(Protocol):
    """Times without end, in ms since the epoch."""

    def after(self, ms: int) -> int | None: ...

    def latest(self, before: int, most: int, since: int = 0) -> list[int]: ...


class Interval:
    """Every `length` ms, for the first time at `first`. Times are in ms since the epoch."""

    def __init__(self, length: int, first: int) -> None:
        self._length = length
        self._first = first

    def after(self, ms: int) -> int | None:
        """The first time after `ms`."""
        if ms < self._first:
            return self._first
        return self._first + ((ms - self._first) // self._length + 1) * self._length

    def latest(self, before: int, most: int, since: int = 0) -> list[int]:
        """The last `most` times up to `before`, but none before `since`. The oldest comes first."""
        last = (before - self._first) // self._length  # below 0: none has come yet
        since_first = -((self._first - since) // self._length)  # rounded up
        return [self._first + n * self._length for n in range(max(0, since_first, last - most + 1), last + 1)]


class Timetable:
    """The times of a recurrence from `start` on and up to `until`, both included. None comes after the year 9999."""

    def __init__(self, recurrence: Recurrence, start: int | None, until: int | None) -> None:
        self._recurrence = recurrence
        self._start = start or 0
        self._until = LATEST_MS if until is None else min(until, LATEST_MS)

    def after(self, ms: int) -> int | None:
        """The first time after `ms`; None if there is none any more."""
        found = self._recurrence.after(max(ms, self._start - 1))
        return None if found is None or found > self._until else found

    def following(self, ms: int, count: int) -> list[int]:
        """The next `count` times, the first of which is `ms`."""
        if not 0 <= ms <= LATEST_MS:  # written by hand
            return []
        times = [ms]
        while len(times) < count and (found := self.after(times[-1])) is not None:
            times.append(found)
        return times

    def due(self, planned: int, now: int, catch_up: str) -> list[int]:
        """The times from `planned` to `now` that get a job, the oldest first.

        They are found from now backwards, so that it takes no longer if many were missed.
        """
        most = MAX_CAUGHT_UP if catch_up == "all" else 1
        found = self._recurrence.latest(min(now, self._until), most, planned)
        # The process that planned the time may have had other rules for the zone than this one.
        times = found or [planned]
        if catch_up == "skip":
            return [time for time in times if now - time <= ON_TIME_MS]
        return times
