"""Computes when a failed job runs again: Kue's backoff, to the millisecond, and less by its jitter if it has one.

JavaScript in `backoff` is never run.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kue.common.clock import Moment
from kue.common.describe import short_repr
from kue.options.job import FULL_JITTER
from kue.store.transitions import Retry

if TYPE_CHECKING:
    from kue.jobs.job import Job

MAX_WAIT_MS = 2**52


class UnknownBackoff(Exception):
    """A backoff that cannot be computed; Node's worker would crash on it."""


def retry_of(job: Job) -> Retry:
    """When a job runs again if its current run fails and attempts remain. Raises `UnknownBackoff`."""
    own = job.options.get("delay")
    try:
        retry = next_retry(job.options.get("backoff"), job.delay(), job.attempts_made + 1)
    except (ArithmeticError, ValueError, TypeError) as problem:
        raise UnknownBackoff(str(problem)) from problem
    if isinstance(own, Moment) and retry.state == "delayed" and not _has_own_wait(job.options["backoff"]):
        return Retry("delayed", retry.delay, own, retry.wait)
    return retry


def has_source(job: Job) -> bool:
    """Whether the backoff of a job is the text of a JavaScript function."""
    return isinstance(job.options.get("backoff"), str)


def _has_own_wait(backoff: Any) -> bool:
    """Whether a backoff decides itself how long to wait, and does not take the job's own delay as it is."""
    return isinstance(backoff, dict) and (backoff["type"] == "exponential" or bool(_number(backoff.get("delay"))))


def next_retry(backoff: Any, delay: float | None, attempts: int, draw: Callable[[], float] = random.random) -> Retry:
    """When a job with this backoff and delay (ms) runs again after failure number `attempts`, if attempts remain.

    `draw` gives a random number from 0 to 1 for the jitter. Raises `UnknownBackoff`.
    """
    if not backoff:
        return Retry("inactive")
    computed = _computed(backoff, delay, attempts) if isinstance(backoff, dict) else delay
    for wait in (computed, delay):
        if wait is not None and wait > 0:
            whole = int(min(wait, MAX_WAIT_MS))
            share = _jitter(backoff)
            return Retry("delayed", whole, wait=round(whole * (1 - share * draw())) if share else None)
    return Retry("delayed")


def _jitter(backoff: Any) -> float:
    """The share of the wait that is left to chance, from 0 to 1. What is no such share counts as 0."""
    given = backoff.get("jitter") if isinstance(backoff, dict) else None
    share = 1.0 if given == FULL_JITTER else _number(given)
    return share if share is not None and 0 < share <= 1 else 0.0


def _computed(backoff: dict[str, Any], delay: float | None, attempts: int) -> float | None:
    base = _number(backoff.get("delay")) or delay
    if backoff.get("type") == "fixed":
        return base
    if backoff.get("type") != "exponential":
        raise UnknownBackoff(f"the backoff type {short_repr(backoff.get('type'))} is unknown")
    if not base:
        return None
    max_delay = _number(backoff.get("maxDelay")) or math.inf
    growth = 2.0**attempts if attempts < 1024 else math.inf  # a float holds no larger power of two
    wait = min(max_delay - base * 0.5, base * 0.5 * (growth - 1))
    return math.copysign(MAX_WAIT_MS, wait) if math.isinf(wait) else math.floor(wait + 0.5)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
