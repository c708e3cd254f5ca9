"""The backoff function of one `queue.process`: how long a job that failed in this process waits for its next attempt.

- checks, when it is registered, that it can be called with `(attempts, delay)`
- calls it when a run fails while attempts remain, and reads what it returns
- reports what it raises, or returns amiss; then the job waits for its own delay

It is never written to Redis. If another process ends the run, the backoff of the job itself counts.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from kue.common.describe import describe_error, function_name, short_repr
from kue.common.error_reporter import ErrorReporter
from kue.common.signature import signature
from kue.errors import ForkedChild, InvalidOption, KueError
from kue.jobs.job import Job
from kue.jobs.retry import MAX_WAIT_MS, next_retry
from kue.store.transitions import Retry

GivenBackoff = Callable[[int, int], int | float | timedelta]


class BackoffFunction:
    """For any thread: that on which a handler ended, or one that ends its run. Raises `InvalidOption`."""

    def __init__(self, function: GivenBackoff) -> None:
        if not callable(function):
            instead = (
                "; a dict is the job option backoff, as in job_flags" if isinstance(function, (dict, bool)) else ""
            )
            raise InvalidOption(f"backoff must be a function of (attempts, delay), not {short_repr(function)}{instead}")
        if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
            raise InvalidOption(
                f"backoff must be a plain function, not the coroutine or generator {function_name(function)}"
            )
        try:
            signature(function).bind(1, 0)
        except TypeError as problem:
            raise InvalidOption(
                f"backoff must be a function of (attempts, delay), and {function_name(function)} is not: {problem}"
            ) from None
        except ValueError:  # one that is built in, and shows no parameters
            pass
        self._function = function

    def retry_of(self, job: Job, error_reporter: ErrorReporter) -> Retry:
        """When a job runs again if its current run fails and attempts remain."""
        attempts, delay = job.attempts_made + 1, int(job.delay() or 0)
        try:
            return Retry("delayed", _read(self._function(attempts, delay)))
        except ForkedChild:
            raise
        except BaseException as problem:  # also sys.exit(): the thread that ends the run must go on
            wrong = KueError(
                f"the backoff function {function_name(self._function)} failed for job {job.id}, "
                f"which waits for its own delay: {describe_error(problem)}"
            )
            wrong.__cause__ = problem
            error_reporter.report(wrong)
        return next_retry(True, delay, attempts)


def _read(value: object) -> int:
    """The ms to wait. Raises `InvalidOption` if the value is no duration."""
    number: Any = value / timedelta(milliseconds=1) if isinstance(value, timedelta) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
        raise InvalidOption(f"it returned {short_repr(value)}, which is no number of milliseconds and no timedelta")
    return round(min(max(number, 0), MAX_WAIT_MS))
