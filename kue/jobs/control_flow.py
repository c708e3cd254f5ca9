"""Exceptions with which a handler decides what becomes of its job: `Snooze` puts it off, `NoRetry` fails it for good.

They may be raised, passed to `done`, or be the exception of a Future. In an `ExceptionGroup` they count as any error.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kue.common.clock import Moment, milliseconds, moment
from kue.errors import KueError
from kue.options.typed import Delay


class Snooze(KueError):
    """Not an error: a handler raises it to run the job again later. The run uses up no attempt.

    `delay` is milliseconds, a timedelta or an aware datetime. Below 0, or in the past, it means at once. Raises
    `InvalidOption` for anything else.

    Attributes: `wait` (the delay in milliseconds, or the moment).
    """

    wait: int | Moment

    def __init__(self, delay: Delay) -> None:
        super().__init__(f"the job is put off: {delay}")
        self.wait = _read(delay)


class NoRetry(KueError):
    """A handler raises it to fail the job for good, whatever attempts are left."""


def _read(delay: Delay) -> int | Moment:
    if isinstance(delay, datetime):
        return moment("delay", delay)
    if isinstance(delay, timedelta):
        return milliseconds("delay", max(delay, timedelta(0)))
    if isinstance(delay, (int, float)) and delay < 0:
        return 0
    return milliseconds("delay", delay)
