"""The job that a handler runs: for the code of the handler, and for every log record made while it runs."""

from __future__ import annotations

import functools
import logging
import threading
from typing import TYPE_CHECKING, Any

from kue.jobs.active_run import current

if TYPE_CHECKING:
    from kue.jobs.job import Job

_installed = False
_thread = threading.local()


def current_job() -> Job | None:
    """The job whose handler makes this call; None outside of handlers."""
    job: Job | None = current.get()
    return job


def mark_log_records() -> None:
    """Give every log record from now on `job_id` and `job_type`, unless it has them; None outside of handlers."""
    global _installed
    if _installed:
        return
    _installed = True
    make, make_record = logging.getLogRecordFactory(), logging.Logger.makeRecord

    # Logger.makeRecord raises if a record already has an attribute that `extra` names. So its records are marked after
    # it added `extra`. The factory marks all others: of makeLogRecord, and of loggers with a makeRecord of their own.
    def make_marked(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        return record if getattr(_thread, "in_logger", False) else _marked(record)

    @functools.wraps(make_record)
    def make_record_marked(self: logging.Logger, *args: Any, **kwargs: Any) -> logging.LogRecord:
        outer = getattr(_thread, "in_logger", False)
        _thread.in_logger = True
        try:
            record = make_record(self, *args, **kwargs)
        finally:
            _thread.in_logger = outer
        return _marked(record)

    logging.setLogRecordFactory(make_marked)
    logging.Logger.makeRecord = make_record_marked  # type: ignore[method-assign]


def _marked(record: logging.LogRecord) -> logging.LogRecord:
    job = current.get()
    record.__dict__.setdefault("job_id", None if job is None else job.id)
    record.__dict__.setdefault("job_type", None if job is None else job.type)
    return record
