"""The job a handler is running, for the handler's own code and for every log record written under it."""

from __future__ import annotations

import functools
import logging
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kue.jobs.job import Job

current: ContextVar[Job | None] = ContextVar("kue_current_job", default=None)
_installed = False
_thread = threading.local()


def current_job() -> Job | None:
    """The job whose handler is calling; None outside of handlers."""
    return current.get()


def mark_log_records() -> None:
    """From now on every log record has `job_id` and `job_type`, None outside of handlers; its own go first."""
    global _installed
    if _installed:
        return
    _installed = True
    make, make_record = logging.getLogRecordFactory(), logging.Logger.makeRecord

    # A logger raises where its record has a name of `extra` already: such a record is marked once `extra` is in it. The
    # factory marks what no such logger makes: makeLogRecord, and loggers with a makeRecord of their own.
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
