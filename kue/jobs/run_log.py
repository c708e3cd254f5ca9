"""Logs how runs end, to the logger `kue.run`.

- a run that failed: with its traceback, as a warning if another attempt follows, else as an error
- a run that ended at its ttl, and whose job was put back as a ghost: as a warning
- a run that was cancelled: as info, or as a warning if its handler raised an error of its own
- a run that completed, gave its job back or put it off: as info

Each record has `job_id`, `job_type`, `attempt` (1 for the first) and `duration_ms`.
"""

from __future__ import annotations

import logging

from kue.common.describe import MAX_MESSAGE_BYTES, error_text, traceback_of
from kue.errors import KueError
from kue.jobs.control_flow import Cancelled
from kue.jobs.job import Job
from kue.store.transitions import Failure, Retry

logger = logging.getLogger("kue.run")
_STACK_LEVEL = 5  # the record names the code that ended the run, not this module


def log_completed(job: Job, duration_ms: int) -> None:
    _log(logging.INFO, job, duration_ms, f"completed in {duration_ms} ms")


def log_without_outcome(job: Job, duration_ms: int, reason: str) -> None:
    """The run ended, and its job was put back, or is where its handler has moved it."""
    _log(logging.INFO, job, duration_ms, f"ended without an outcome after {duration_ms} ms: {reason}")


def log_failed(job: Job, duration_ms: int, failure: Failure, retry: Retry, cause: BaseException | None = None) -> None:
    """`cause` is the exception of the handler, if there was one."""
    is_last = retry.state == "failed" or job.attempts_made + 1 >= job.attempts()
    text = (
        f"failed{' for good' if is_last else ''} in attempt {job.attempts_made + 1} of {job.attempts()} after "
        f"{duration_ms} ms{'' if is_last else ', and is tried again'}: {failure.line or failure.message}"
    )
    if cause is not None and not _fits_in_a_log(error_text(cause)):
        text, cause = f"{text}\n{failure.error}", None  # a traceback would end with the message as it is
    _log(logging.ERROR if is_last else logging.WARNING, job, duration_ms, text, cause)


def log_cancelled(
    job: Job, duration_ms: int, error: str, cause: BaseException | None = None, *, corrects: bool = False
) -> None:
    """The job has failed since it was cancelled. `cause` is what the handler raised.

    It `corrects` the log if that says that the run failed: its process had not learned of this yet.
    """
    is_own = cause is not None and not isinstance(cause, Cancelled)
    text = f"was cancelled after {duration_ms} ms: {error}"
    level = logging.WARNING if is_own or corrects else logging.INFO
    _log(level, job, duration_ms, text, cause if is_own else None)


def log_ghost(job: Job, duration_ms: int, ghost: int | None = None, most: int | None = None) -> None:
    """The run was ended at its ttl, and its job was put back as a ghost: number `ghost` of `most`, if that is known."""
    which = "" if ghost is None else f" ({ghost} of {most})"
    _log(logging.WARNING, job, duration_ms, f"was ended at its ttl, and is put back{which}")


def _fits_in_a_log(message: str) -> bool:
    """Whether a message is short, and has no half of a surrogate pair, which no log file could hold."""
    try:
        return len(message.encode()) <= MAX_MESSAGE_BYTES
    except UnicodeEncodeError:
        return False


def _log(level: int, job: Job, duration_ms: int, text: str, cause: BaseException | None = None) -> None:
    if not logger.isEnabledFor(level):
        return
    extra = {"job_id": job.id, "job_type": job.type, "attempt": job.attempts_made + 1, "duration_ms": duration_ms}
    text = text.encode("utf-8", "backslashreplace").decode()  # half a surrogate pair would break a log file
    exc_info = None if cause is None else (type(cause), cause, traceback_of(cause))
    try:
        logger.log(
            level, "job %s (%s) %s", job.id, job.type, text, exc_info=exc_info, extra=extra, stacklevel=_STACK_LEVEL
        )
    except Exception as problem:  # of a filter or handler of the application; the outcome must not be lost with it
        job.runtime.error_reporter.report(KueError(f"logging the end of job {job.id} failed: {problem!r}"))
