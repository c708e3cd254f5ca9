"""When a failed job runs again: Kue's backoff, to the millisecond. JavaScript in `backoff` is never run."""

from __future__ import annotations

import math
from typing import Any

from kue.store.transitions import Retry

_LONGEST = 2**52


class UnknownBackoff(Exception):
    """A backoff that nobody can compute; Node's worker would crash on it."""


def is_source(backoff: object) -> bool:
    """Whether a stored backoff is the text of a JavaScript function."""
    return isinstance(backoff, str)


def next_retry(backoff: Any, delay: float | None, attempts: int) -> Retry:
    """What follows failure number `attempts` of a job with this backoff and this delay (ms) while attempts remain.

    Raises `UnknownBackoff`.
    """
    if not backoff:
        return Retry("inactive")
    computed = _computed(backoff, delay, attempts) if isinstance(backoff, dict) else delay
    for wait in (computed, delay):
        if wait is not None and wait > 0:
            return Retry("delayed", int(min(wait, _LONGEST)))
    return Retry("delayed")


def _computed(backoff: dict[str, Any], delay: float | None, attempts: int) -> float | None:
    base = _number(backoff.get("delay")) or delay
    if backoff.get("type") == "fixed":
        return base
    if backoff.get("type") != "exponential":
        raise UnknownBackoff(f"the backoff type {backoff.get('type')!r} is unknown")
    if not base:
        return None
    longest = _number(backoff.get("maxDelay")) or math.inf
    growth = 2.0**attempts if attempts < 1024 else math.inf  # beyond that no float holds it
    wait = min(longest - base * 0.5, base * 0.5 * (growth - 1))
    return math.copysign(_LONGEST, wait) if math.isinf(wait) else math.floor(wait + 0.5)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
