"""The job that a handler is running, and its mark on every log record written meanwhile."""

import asyncio
import contextvars
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kue import current_job
from kue.worker import current as module
from kue.worker.current import current, mark_log_records


class OfJob:
    id = 7
    type = "email"


@contextmanager
def running(job: Any) -> Iterator[Any]:
    token = current.set(job)
    try:
        yield job
    finally:
        current.reset(token)


@pytest.fixture
def fresh_factory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a process that has not worked yet."""
    before, make_record = logging.getLogRecordFactory(), logging.Logger.makeRecord
    monkeypatch.setattr(module, "_installed", False)
    monkeypatch.setattr(logging.Logger, "makeRecord", getattr(make_record, "__wrapped__", make_record))
    logging.setLogRecordFactory(logging.LogRecord)
    yield
    logging.setLogRecordFactory(before)


def record(logger: logging.Logger | None = None, extra: dict[str, Any] | None = None) -> Any:
    logger = logger or logging.getLogger("app")
    return logger.makeRecord("app", logging.INFO, __file__, 1, "hello %s", ("you",), None, extra=extra)


def mark(made: Any) -> tuple[Any, Any]:
    """What a record says of its job, as formatters read it."""
    return made.__dict__["job_id"], made.__dict__["job_type"]


def test_the_current_job_is_none_outside_of_handlers() -> None:
    assert current_job() is None


def test_the_current_job_is_the_job_of_the_handler_and_afterwards_what_it_was() -> None:
    with running(OfJob()) as outer:
        assert current_job() is outer
        with running(OfJob()) as inner:
            assert current_job() is inner
        assert current_job() is outer
    assert current_job() is None


def test_another_thread_sees_the_current_job_only_in_a_copied_context() -> None:
    seen: list[Any] = []
    with running(OfJob()) as job:
        for target in (lambda: seen.append(current_job()), contextvars.copy_context().run):
            args = (lambda: seen.append(current_job()),) if seen else ()
            thread = threading.Thread(target=target, args=args)
            thread.start()
            thread.join()
    assert seen == [None, job]


def test_each_task_of_a_loop_sees_its_own_current_job() -> None:
    async def handler(job: Any, gate: asyncio.Barrier) -> Any:
        with running(job):
            await gate.wait()
            return current_job()

    async def both() -> list[Any]:
        gate = asyncio.Barrier(2)
        return await asyncio.gather(handler("one", gate), handler("two", gate))

    assert asyncio.run(both()) == ["one", "two"]


def test_a_process_without_workers_marks_no_log_records(fresh_factory: None) -> None:
    with running(OfJob()):
        assert not hasattr(record(), "job_id")


def test_log_records_have_the_job_inside_of_handlers_and_none_outside(fresh_factory: None) -> None:
    mark_log_records()
    outside = record()
    assert (outside.job_id, outside.job_type) == (None, None)
    with running(OfJob()):
        inside = record()
    assert (inside.job_id, inside.job_type) == (7, "email")
    assert inside.getMessage() == "hello you"


def test_a_record_factory_of_the_application_is_kept(fresh_factory: None) -> None:
    class Mine(logging.LogRecord):
        pass

    logging.setLogRecordFactory(Mine)
    mark_log_records()
    assert type(record()) is Mine
    assert record().job_id is None


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"job_id": "mine", "job_type": None}, ("mine", None)),
        ({"job_id": 0}, (0, "email")),
        ({"job_type": "mine", "more": 1}, (7, "mine")),
        ({}, (7, "email")),
    ],
    ids=repr,
)
def test_the_application_may_set_the_job_of_a_record_itself(
    fresh_factory: None, extra: dict[str, Any], expected: tuple[Any, Any]
) -> None:
    mark_log_records()
    with running(OfJob()):
        assert mark(record(extra=extra)) == expected
        assert mark(logging.makeLogRecord(extra)) == expected
    assert mark(record(extra={"job_id": 1, "job_type": "x"})) == (1, "x")


def test_a_record_that_a_logger_refuses_is_refused_still(fresh_factory: None) -> None:
    mark_log_records()
    with pytest.raises(KeyError, match="overwrite 'message'"):
        record(extra={"message": "mine"})
    with running(OfJob()):
        assert mark(logging.makeLogRecord({})) == (7, "email"), "the factory marks again"


def test_a_record_factory_may_set_the_job_itself(fresh_factory: None) -> None:
    class Mine(logging.LogRecord):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.job_id = "mine"

    logging.setLogRecordFactory(Mine)
    mark_log_records()
    with running(OfJob()):
        assert mark(record()) == ("mine", "email")


def test_a_record_factory_that_logs_is_marked_as_well(fresh_factory: None) -> None:
    inner: list[Any] = []

    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        if not inner:
            inner.append(None)
            inner[:] = [record(extra={"job_id": "inner"})]
        return logging.LogRecord(*args, **kwargs)

    logging.setLogRecordFactory(make)
    mark_log_records()
    with running(OfJob()):
        assert mark(record(extra={"job_id": "outer"})) == ("outer", "email")
    assert mark(inner[0]) == ("inner", "email")


def test_a_record_factory_set_afterwards_loses_no_marks(fresh_factory: None) -> None:
    mark_log_records()
    logging.setLogRecordFactory(logging.LogRecord)
    with running(OfJob()):
        assert mark(record()) == (7, "email")


def test_a_logger_that_makes_its_own_records_is_marked(fresh_factory: None) -> None:
    class Own(logging.Logger):
        def makeRecord(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
            extra = kwargs.pop("extra") or {}
            made = logging.getLogRecordFactory()(*args, **kwargs)
            made.__dict__.update(extra)
            return made

    mark_log_records()
    with running(OfJob()):
        assert mark(record(Own("app"))) == (7, "email")
        assert mark(record(Own("app"), {"job_id": 0})) == (0, "email")


def test_marking_log_records_twice_changes_nothing_more(fresh_factory: None) -> None:
    mark_log_records()
    before = logging.getLogRecordFactory(), logging.Logger.makeRecord
    mark_log_records()
    assert (logging.getLogRecordFactory(), logging.Logger.makeRecord) == before


def test_a_log_format_may_name_the_job_everywhere(fresh_factory: None) -> None:
    mark_log_records()
    formatter = logging.Formatter("%(job_type)s %(job_id)s %(message)s")
    with running(OfJob()):
        assert formatter.format(record()) == "email 7 hello you"
    assert formatter.format(record()) == "None None hello you"
