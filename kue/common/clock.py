"""Time in the unit of the stored data: reads clocks, and reads durations that a user gives, in milliseconds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from kue.common.describe import short_repr
from kue.errors import InvalidOption

_STEADY_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
MAX_EXACT_INTEGER = 2**53  # above it JavaScript cannot tell neighbouring integers apart


def now_ms() -> int:
    """The wall clock in milliseconds, like `Date.now()` in Node."""
    return time.time_ns() // 1_000_000


def steady() -> float:
    """Seconds on a clock that never goes back. If the system has such a clock, it goes on while the machine sleeps."""
    return time.clock_gettime(_STEADY_CLOCK)


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
    """Read a duration, a number of milliseconds or a `timedelta`. Raises `InvalidOption`, naming `name`."""
    if isinstance(value, timedelta):
        number: float = value / timedelta(milliseconds=1)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        number = value
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


def until(name: str, moment: datetime, now: int) -> int:
    """Milliseconds from `now` to a `moment` with a time zone; 0 if that is past. Raises `InvalidOption`."""
    if moment.tzinfo is None:
        raise InvalidOption(f"{name} must be an aware datetime (with a tzinfo), not {short_repr(moment)}")
    return max(0, round(moment.timestamp() * 1000) - now)
