"""Time as the data has it: whole milliseconds since the epoch, and durations in milliseconds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from kue.common.describe import short_repr
from kue.errors import InvalidOption

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
LARGEST = 2**53  # beyond that JavaScript does not count in ones


def now_ms() -> int:
    """The wall clock in milliseconds, as Node's `Date.now()`."""
    return time.time_ns() // 1_000_000


def steady() -> float:
    """Seconds that never go back, and that go on while the machine sleeps."""
    return time.clock_gettime(_STEADY)


class TimeBudget:
    """So many seconds for several waits together."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    def spend(self, wait: Callable[[float], object]) -> None:
        """Wait for at most what is left; the call is given that."""
        began = time.monotonic()
        wait(self.left)
        self.left = max(0.0, self.left - (time.monotonic() - began))


def milliseconds(name: str, value: object, *, least: float = 0) -> int:
    """Read a duration: a number of milliseconds or a `timedelta`. Raises `InvalidOption` naming `name`."""
    if isinstance(value, timedelta):
        number: float = value / timedelta(milliseconds=1)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        number = value
    else:
        raise InvalidOption(f"{name} must be a number of milliseconds or a timedelta, not {short_repr(value)}")
    if LARGEST < number < math.inf:
        raise InvalidOption(f"{name} must be {LARGEST} milliseconds or less, not {short_repr(value)}")
    if not least <= number <= LARGEST:  # nan is neither
        raise InvalidOption(
            f"{name} must be a finite number of milliseconds, {least:g} or more, not {short_repr(value)}"
        )
    return round(number)


def seconds(name: str, value: object) -> float | None:
    """Read an optional duration (None: no limit) and give it in seconds, as the standard library wants it."""
    return None if value is None else milliseconds(name, value) / 1000


def until(name: str, moment: datetime, now: int) -> int:
    """Milliseconds from `now` to an aware `moment`; a moment in the past is 0. Raises `InvalidOption`."""
    if moment.tzinfo is None:
        raise InvalidOption(f"{name} must be an aware datetime (with a tzinfo), not {short_repr(moment)}")
    return max(0, round(moment.timestamp() * 1000) - now)
