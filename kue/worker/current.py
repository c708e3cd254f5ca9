"""The job a handler is running, for the handler's own code and for every log record written under it."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kue.jobs.job import Job

current: ContextVar[Job | None] = ContextVar("kue_current_job", default=None)
_installed = False


def current_job() -> Job | None:
    """The job whose handler is calling; None outside of handlers."""
    return current.get()


def mark_log_records() -> None:
    """From now on every log record has `job_id` and `job_type`, None outside of handlers."""
    global _installed
    if _installed:
        return
    _installed = True
    make = logging.getLogRecordFactory()

    def make_marked(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        job = current.get()
        record.job_id = None if job is None else job.id
        record.job_type = None if job is None else job.type
        return record

    logging.setLogRecordFactory(make_marked)
