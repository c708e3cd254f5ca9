"""The clock of a Redis server, by which all Python processes live, however wrong the clocks of their machines are.

- reads the server's time from replies to TIME, which go out beside other commands
- counts on between two readings with the steady clock of this machine
- counts, of the last readings, the one with the shortest round trip: any may be off by half of its own
- starts over if a link was lost, since the next may lead to another server, and if the server's clock was set
- says when another reading is due: soon if the best was coarse, since the server or the network was held up

It sends nothing itself: connections do, and only the pool decides to ask for the time alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from kue.common.clock import now_ms, steady

_MAX_READINGS = 5
_MAX_AGE_SECONDS = 60.0
_COARSE_MS = 100.0  # a longer round trip may hide how far the clocks are apart
_AGAIN_SECONDS = 1.0  # after a coarse reading


class _Reading(NamedTuple):
    """Between which two numbers of ms the server's clock is ahead of the steady clock of this machine."""

    least: float
    most: float

    def contradicts(self, other: _Reading) -> bool:
        return self.least > other.most or self.most < other.least


class ServerClock:
    """Called, it gives the server's time in ms since the epoch; that of this machine until the server was asked.

    For any thread, without a lock: if two note readings at the same time, one of them may be lost.
    """

    def __init__(self, steady: Callable[[], float] = steady, own: Callable[[], int] = now_ms) -> None:
        self._steady = steady
        self._own = own
        self._readings: tuple[_Reading, ...] = ()
        self._ahead: float | None = None  # ms
        self._due_at = 0.0
        self._starts_over = False
        self.was_asked = False
        self.is_due = False
        """Whether the next command should bring a reading along: the last one is old, and the time is in use."""

    def __call__(self) -> int:
        if self._ahead is None:
            return self._own()
        steady = self._steady()
        if steady > self._due_at:
            self.is_due = True
        return int(steady * 1000 + self._ahead)

    def read(self, send: Callable[[], object], receive: Callable[[], Any]) -> None:
        """Note a reading: `send` sends TIME, with or without other commands behind it, `receive` gives its reply."""
        asked = self._steady()
        send()
        reply = receive()
        self._note(reply, asked, self._steady())

    def link_lost(self) -> None:
        """The next reading may be of another server. Until then the last one counts."""
        self._starts_over = True

    def after_fork(self) -> None:
        """In a forked child: ask anew. What the parent read counts until then, since the machine is the same."""
        self.was_asked, self._starts_over = False, True

    def _note(self, reply: Any, asked: float, answered: float) -> None:
        self.was_asked, self.is_due, self._due_at = True, False, answered + _MAX_AGE_SECONDS
        if isinstance(reply, ResponseError):  # this user may not ask: what counts is the clock of this machine
            return
        seconds, microseconds = map(int, reply)
        time = seconds * 1000 + microseconds / 1000
        new = _Reading(time - answered * 1000, time - asked * 1000)
        known, starts_over, self._starts_over = self._readings, self._starts_over, False
        if starts_over or (known and new.contradicts(min(known, key=_round_trip))):
            known = ()
        self._readings = (*known, new)[-_MAX_READINGS:]
        best = min(self._readings, key=_round_trip)
        self._ahead = (best.least + best.most) / 2
        if _round_trip(best) > _COARSE_MS:
            self._due_at = answered + _AGAIN_SECONDS


def _round_trip(reading: _Reading) -> float:
    return reading.most - reading.least
