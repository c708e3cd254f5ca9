"""The job a handler is running, and the mark it leaves on every log record written meanwhile."""

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
    before = logging.getLogRecordFactory()
    monkeypatch.setattr(module, "_installed", False)
    logging.setLogRecordFactory(logging.LogRecord)
    yield
    logging.setLogRecordFactory(before)


def record() -> Any:
    return logging.getLogger("app").makeRecord("app", logging.INFO, __file__, 1, "hello %s", ("you",), None)


def test_outside_of_handlers_there_is_none() -> None:
    assert current_job() is None


def test_inside_it_is_the_job_and_afterwards_what_it_was() -> None:
    with running(OfJob()) as outer:
        assert current_job() is outer
        with running(OfJob()) as inner:
            assert current_job() is inner
        assert current_job() is outer
    assert current_job() is None


def test_another_thread_does_not_see_it_unless_it_is_given_the_context() -> None:
    seen: list[Any] = []
    with running(OfJob()) as job:
        for target in (lambda: seen.append(current_job()), contextvars.copy_context().run):
            args = (lambda: seen.append(current_job()),) if seen else ()
            thread = threading.Thread(target=target, args=args)
            thread.start()
            thread.join()
    assert seen == [None, job]


def test_tasks_of_one_loop_each_see_their_own() -> None:
    async def handler(job: Any, gate: asyncio.Barrier) -> Any:
        with running(job):
            await gate.wait()
            return current_job()

    async def both() -> list[Any]:
        gate = asyncio.Barrier(2)
        return await asyncio.gather(handler("one", gate), handler("two", gate))

    assert asyncio.run(both()) == ["one", "two"]


def test_a_process_that_does_not_work_marks_nothing(fresh_factory: None) -> None:
    with running(OfJob()):
        assert not hasattr(record(), "job_id")


def test_every_record_is_marked_inside_of_handlers_and_outside(fresh_factory: None) -> None:
    mark_log_records()
    outside = record()
    assert (outside.job_id, outside.job_type) == (None, None)
    with running(OfJob()):
        inside = record()
    assert (inside.job_id, inside.job_type) == (7, "email")
    assert inside.getMessage() == "hello you"


def test_a_factory_of_the_application_is_kept(fresh_factory: None) -> None:
    class Mine(logging.LogRecord):
        pass

    logging.setLogRecordFactory(Mine)
    mark_log_records()
    assert type(record()) is Mine
    assert record().job_id is None


def test_marking_twice_marks_once(fresh_factory: None) -> None:
    mark_log_records()
    factory = logging.getLogRecordFactory()
    mark_log_records()
    assert logging.getLogRecordFactory() is factory


def test_a_format_with_the_job_works_everywhere(fresh_factory: None) -> None:
    mark_log_records()
    formatter = logging.Formatter("%(job_type)s %(job_id)s %(message)s")
    with running(OfJob()):
        assert formatter.format(record()) == "email 7 hello you"
    assert formatter.format(record()) == "None None hello you"
