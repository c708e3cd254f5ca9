"""Exceptions with which a handler decides what becomes of its job: `Snooze` puts it off, `NoRetry` fails it for good.

`Cancelled` ends a handler whose job was cancelled. `HandlerFailed` is what a middleware gets in place of an error that
is no exception.

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


class Cancelled(KueError):
    """`job.raise_if_cancelled()` raises it in the handler of a job that was cancelled.

    Attributes: `reason` (as given to `cancel`; "" if none was given).
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class HandlerFailed(KueError):
    """A middleware gets it if a handler failed its job with something that is no exception, as in `done("no")`.

    Attributes: `error` (what was given to `done`).
    """

    def __init__(self, error: object, message: str) -> None:
        super().__init__(message)
        self.error = error


def _read(delay: Delay) -> int | Moment:
    if isinstance(delay, datetime):
        return moment("delay", delay)
    if isinstance(delay, timedelta):
        return milliseconds("delay", max(delay, timedelta(0)))
    if isinstance(delay, (int, float)) and delay < 0:
        return 0
    return milliseconds("delay", delay)
