"""Time in the unit of the stored data: reads clocks, and reads durations that a user gives, in milliseconds."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kue.common.describe import short_repr
from kue.errors import InvalidOption

_STEADY_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
MAX_EXACT_INTEGER = 2**53  # above it JavaScript cannot tell neighbouring integers apart


def now_ms() -> int:
    """The wall clock in milliseconds, like `Date.now()` in Node."""
    return time.time_ns() // 1_000_000


steady = functools.partial(time.clock_gettime, _STEADY_CLOCK)
"""Seconds on a clock that never goes back. If the system has such a clock, it goes on while the machine sleeps."""


class TimeBudget:
    """A number of seconds that several waits share. `left` is what remains of it."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    def spend(self, wait: Callable[[float], object]) -> None:
        """Call `wait` with the seconds that are left, and subtract those that it took."""
        began = time.monotonic()
        wait(self.left)
        self.left = max(0.0, self.left - (time.monotonic() - began))


def milliseconds(name: str, value: object, *, least: float = 0) -> int:
    """Read a duration, a number of milliseconds or a `timedelta`. Raises `InvalidOption`, naming `name`.

    A bare number between 0 and 1 is refused: it would be 0 milliseconds, and is meant as seconds.
    """
    if isinstance(value, timedelta):
        number: float = value / timedelta(milliseconds=1)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        number = value
        if 0 < number < 1 and least < 1:  # it would count as 0
            raise InvalidOption(
                f"{name} must be 0, or 1 millisecond or more, not {short_repr(value)}; "
                f"if that is seconds, write timedelta(seconds={short_repr(value)})"
            )
    else:
        raise InvalidOption(f"{name} must be a number of milliseconds or a timedelta, not {short_repr(value)}")
    if MAX_EXACT_INTEGER < number < math.inf:
        raise InvalidOption(f"{name} must be {MAX_EXACT_INTEGER} milliseconds or less, not {short_repr(value)}")
    if not least <= number <= MAX_EXACT_INTEGER:  # always false for nan
        raise InvalidOption(
            f"{name} must be a finite number of milliseconds, {least:g} or more, not {short_repr(value)}"
        )
    return round(number)


def seconds(name: str, value: object) -> float | None:
    """Read an optional duration in milliseconds (None: no limit), and give it in seconds. Raises `InvalidOption`."""
    return None if value is None else milliseconds(name, value) / 1000


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, in milliseconds since the epoch. It stays the same, however long it is kept."""

    at: int

    def left(self, now: int) -> int:
        """The milliseconds until then; 0 if it has passed."""
        return max(0, self.at - now)


def moment(name: str, value: datetime) -> Moment:
    """Read a `datetime`, which must have a time zone. Raises `InvalidOption`, naming `name`."""
    if value.tzinfo is None:
        raise InvalidOption(f"{name} must be an aware datetime (with a tzinfo), not {short_repr(value)}")
    return Moment(round(value.timestamp() * 1000))
