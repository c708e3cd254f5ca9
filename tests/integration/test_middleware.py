"""Middleware: the generators around each handler are entered and left in order, and once."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Iterator
from typing import Any

import pytest

import kue
from kue.worker.execution.middleware import MiddlewareStack
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.integration.middleware import FORMS, Forms, Handled, Noted, ended, raise_it


def test_the_first_that_was_registered_is_the_outermost(queue: Any) -> None:
    log: list[str] = []
    for name in "abc":
        queue.use(Noted(name, log))
    queue.process("email", lambda job: log.append("handler"))
    ended(queue)
    assert log == ["a before", "b before", "c before", "handler", "c result", "b result", "a result"]


@pytest.mark.parametrize("form", FORMS)
def test_one_that_raises_before_its_yield_keeps_the_handler_from_being_called(queue: Any, form: str) -> None:
    log: list[str] = []
    queue.use(Noted("outer", log))

    @queue.use
    def refuse(job: Any) -> Iterator[None]:
        log.append("refuse")
        raise PermissionError("not today")
        yield

    queue.use(Noted("inner", log))
    with Forms(lambda job: log.append("handler")) as forms:
        queue.process("email", getattr(forms, form))
        job = ended(queue)
    assert job.state() == "failed" and job.error().startswith("PermissionError: not today")
    assert log == ["outer before", "refuse", "outer PermissionError"]


def test_one_that_does_not_yield_fails_the_job_and_the_handler_is_not_called(queue: Any) -> None:
    ran: list[int] = []
    outer = queue.use(Noted())

    @queue.use
    def silent(job: Any) -> Iterator[None]:
        if job.data["yields"]:
            yield

    queue.process("email", lambda job: ran.append(job.id))
    job = ended(queue, data={"yields": False})
    assert job.state() == "failed" and ran == []
    assert job.error().startswith("InvalidHandler: the middleware ") and "silent ended without a yield" in job.error()
    assert [type(problem) for problem in outer.raised] == [kue.InvalidHandler]
    assert ended(queue, data={"yields": True}).state() == "complete"


@pytest.mark.parametrize("raises", [False, True])
def test_one_that_yields_twice_fails_the_job_and_is_closed(queue: Any, raises: bool) -> None:
    closed: list[bool] = []
    outer = queue.use(Noted())

    @queue.use
    def twice(job: Any) -> Iterator[None]:
        try:
            with contextlib.suppress(Handled):
                yield
            yield
        finally:
            closed.append(True)

    queue.process("email", lambda job: raise_it(Handled()) if raises else "done")
    job = ended(queue)
    assert job.state() == "failed" and "twice has a second yield" in job.error()
    assert closed == [True] and [type(problem) for problem in outer.raised] == [kue.InvalidHandler]


def test_what_it_reports_reaches_redis_with_the_outcome(queue: Any) -> None:
    @queue.use
    def report(job: Any) -> Iterator[None]:
        job.log("before")
        result = yield
        job.log("result %s", result).set("colour", "red")

    queue.process("email", lambda job: job.log("handler") and 7)
    job = ended(queue)
    assert kue.Job.get_log(job.id, queue=queue) == ["before", "handler", "result 7"]
    assert job.get_field("colour") == "red"


def test_the_first_call_of_done_counts_and_an_exception_after_it_is_reported(
    queue: Any, errors: list[BaseException]
) -> None:
    noted = queue.use(Noted())

    def handler(job: Any, done: Any) -> None:
        done(None, 1)
        done(None, 2)
        done("too late")
        raise Handled("afterwards")

    queue.process("email", handler)
    job = ended(queue)
    assert job.state() == "complete" and job.result == 1 and noted.results == [1] and noted.raised == []
    wait_until(lambda: errors)
    assert [str(problem) for problem in errors] == [
        f"the handler of job {job.id} raised Handled: afterwards after the job's outcome, which stands"
    ]
    errors.clear()


def test_a_call_of_done_while_the_generators_are_left_changes_nothing(queue: Any) -> None:
    noted, kept = queue.use(Noted()), []

    @queue.use
    def again(job: Any) -> Iterator[None]:
        yield
        kept[0](None, "again")

    queue.process("email", lambda job, done: (kept.append(done), done(None, "first")))
    assert ended(queue).result == "first" and noted.results == ["first"]


@pytest.mark.parametrize("step", ["call_ended", "_leave"])
def test_an_exception_thrown_between_two_steps_is_reported_and_the_steps_go_on(
    queue: Any, errors: list[BaseException], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    noted, original, thrown = queue.use(Noted()), getattr(MiddlewareStack, step), [Handled("thrown")]

    def cut_off(stack: Any) -> None:
        if thrown:
            raise thrown.pop()
        original(stack)

    monkeypatch.setattr(MiddlewareStack, step, cut_off)
    queue.process("email", lambda job: 1)
    assert ended(queue).result == 1 and noted.results == [1]
    wait_until(lambda: errors)
    assert [str(problem) for problem in errors] == [
        "the handler of job 1 raised Handled: thrown after the job's outcome, which stands"
    ]
    errors.clear()


def test_generators_are_left_after_the_handler_and_not_when_it_calls_done(queue: Any) -> None:
    log: list[str] = []
    queue.use(Noted("m", log))

    def handler(job: Any, done: Any) -> None:
        done(None, 1)
        log.append("handler goes on")

    queue.process("email", handler)
    assert ended(queue).result == 1
    assert log == ["m before", "handler goes on", "m result"]


def test_generators_of_a_coroutine_are_left_after_it_and_not_when_it_calls_done(queue: Any) -> None:
    log: list[str] = []
    queue.use(Noted("m", log))

    async def handler(job: Any, done: Any) -> None:
        done(None, 1)
        for _ in range(3):
            await asyncio.sleep(0.001)
        log.append("handler goes on")

    queue.process("email", handler)
    assert ended(queue).result == 1
    assert log == ["m before", "handler goes on", "m result"]


def test_an_exception_of_a_handler_that_removed_its_job_passes_and_is_reported_once(
    queue: Any, errors: list[BaseException]
) -> None:
    noted = queue.use(Noted())

    def handler(job: Any) -> None:
        job.remove()
        raise Handled("boom")

    queue.process("email", handler)
    queue.create("email").save()
    wait_until(lambda: errors)
    wait_until(lambda: queue.health()["active"] == 0)
    assert [type(problem) for problem in noted.raised] == [Handled]
    assert len(errors) == 1 and "raised Handled: boom after the job's outcome" in str(errors[0])
    errors.clear()


def test_it_counts_for_runs_that_start_after_it_was_registered(queue: Any) -> None:
    queue.process("email", lambda job: job.data)
    ended(queue, data=1)
    noted = queue.use(Noted())
    ended(queue, data=2)
    assert noted.results == [2]


def test_it_runs_around_each_attempt(queue: Any) -> None:
    noted, attempts = queue.use(Noted()), itertools.count(1)
    queue.process("email", lambda job: next(attempts) == 3 or raise_it(Handled()))
    job = queue.create("email", attempts=5).save()
    wait_until(lambda: queue.get(job.id).state() == "complete")
    assert noted.log == [" before", " Handled", " before", " Handled", " before", " result"]


def test_use_returns_the_function_also_as_a_decorator(queue: Any) -> None:
    def first(job: Any) -> Iterator[None]:
        yield

    @queue.use
    def second(job: Any) -> Iterator[None]:
        yield

    assert queue.use(first) is first and second.__name__ == "second"
    assert queue.runtime.middleware == [second, first]


def test_each_queue_has_its_own(make_queue: MakeQueue) -> None:
    queues = [make_queue(prefix=prefix) for prefix in ("one", "two")]
    noted = [queue.use(Noted()) for queue in queues]
    for number, queue in enumerate(queues):
        queue.process("email", lambda job, number=number: number)
        ended(queue)
    assert [each.results for each in noted] == [[0], [1]]


def test_the_queue_of_kue_send_has_it_too(make_queue: MakeQueue) -> None:
    queue = make_queue(send=True)

    @queue.use
    def tell(job: Any) -> Iterator[None]:
        job.send("began")
        yield

    queue.process("email", lambda job: "done")
    heard: list[str] = []
    job = queue.create("email").on("began", lambda *args: heard.append("began"))
    assert job.promise().result(10) == "done"
    wait_until(lambda: heard == ["began"])


def test_a_function_that_is_no_generator_function_is_refused(queue: Any) -> None:
    with pytest.raises(kue.InvalidHandler, match="a middleware must be a generator function"):
        queue.use(lambda job: None)
    assert queue.runtime.middleware == []


def test_use_after_the_shutdown_is_refused(queue: Any) -> None:
    queue.shutdown()
    with pytest.raises(kue.ShutdownInProgress):
        queue.use(Noted())


def test_log_records_of_a_generator_name_the_job(queue: Any, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("tests.middleware")

    @queue.use
    def log(job: Any) -> Iterator[None]:
        logger.warning("before")
        yield
        logger.warning("after")

    with Forms(lambda job: None) as forms:
        for form in FORMS:
            queue.process(form, getattr(forms, form))
        jobs = {form: ended(queue, form) for form in FORMS}
    found = [
        (record.job_type, record.job_id, record.getMessage())  # type: ignore[attr-defined]
        for record in caplog.records
        if record.name == logger.name
    ]
    assert found == [(form, jobs[form].id, text) for form in FORMS for text in ("before", "after")]
