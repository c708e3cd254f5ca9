"""Middleware and outcomes: what the generators around a handler, of whatever form, see of its end and make of it."""

import asyncio
import contextlib
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

import kue
from tests.integration.conftest import MakeQueue
from tests.integration.middleware import FORMS, Forms, Handled, Noted, ended, raise_it

RESULTS = {"list": ["a list"], "none": None, "zero": 0, "false": False, "text": "", "nothing": []}


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
@pytest.mark.parametrize("form", FORMS)
def test_a_result_passes_all_generators_unchanged(queue: Any, form: str, result: Any) -> None:
    noted = [queue.use(Noted()), queue.use(Noted())]
    with Forms(lambda job: result) as forms:
        queue.process("email", getattr(forms, form))
        job = ended(queue)
    assert job.state() == "complete" and job.result == result
    assert [len(each.results) for each in noted] == [1, 1]
    assert all(each.results[0] is result for each in noted), "the very object"


@pytest.mark.parametrize("form", FORMS)
def test_a_handler_that_returns_its_job_has_no_result(queue: Any, form: str) -> None:
    noted = queue.use(Noted())
    jobs: list[Any] = []
    with Forms(lambda job: jobs.append(job) or job) as forms:
        queue.process("email", getattr(forms, form))
        job = ended(queue)
    assert job.state() == "complete" and job.result is None
    assert noted.results[0] is jobs[0]


@pytest.mark.parametrize("form", FORMS)
def test_an_exception_that_passes_fails_the_job_as_without_middleware(make_queue: MakeQueue, form: str) -> None:
    problem = Handled("boom")
    with Forms(lambda job: raise_it(problem)) as forms:
        plain = make_queue(prefix="plain")
        plain.process("email", getattr(forms, form))
        expected = ended(plain).error()
        queue, noted = make_queue(), Noted()
        queue.use(noted)
        queue.use(Noted())
        problem.__traceback__ = None
        queue.process("email", getattr(forms, form))
        job = ended(queue)
    assert job.state() == "failed" and job.error().startswith("Handled: boom")
    assert job.error() == expected, "with the same traceback"
    assert noted.raised == [problem]


@pytest.mark.parametrize("form", FORMS)
def test_a_generator_that_swallows_the_exception_completes_the_job_without_a_result(queue: Any, form: str) -> None:
    @queue.use
    def swallow(job: Any) -> Iterator[None]:
        with contextlib.suppress(Handled):
            yield

    outer = Noted()
    queue.runtime.middleware.insert(0, outer)
    with Forms(lambda job: raise_it(Handled("boom"))) as forms:
        queue.process("email", getattr(forms, form))
        job = ended(queue, attempts=3)
    assert job.state() == "complete" and job.result is None and job.error() is None
    assert outer.results == [None] and outer.raised == []


@pytest.mark.parametrize("form", FORMS)
def test_a_generator_may_put_another_exception_in_its_place(queue: Any, form: str) -> None:
    outer = queue.use(Noted())

    @queue.use
    def replace(job: Any) -> Iterator[None]:
        try:
            yield
        except Handled as problem:
            raise LookupError("instead") from problem

    with Forms(lambda job: raise_it(Handled("boom"))) as forms:
        queue.process("email", getattr(forms, form))
        job = ended(queue)
    assert job.state() == "failed"
    assert job.error().startswith("LookupError: instead") and "Handled: boom" in job.error(), "with its cause"
    assert [type(problem) for problem in outer.raised] == [LookupError]


@pytest.mark.parametrize("form", FORMS)
def test_a_generator_that_raises_after_a_success_fails_the_job(queue: Any, form: str) -> None:
    @queue.use
    def check(job: Any) -> Iterator[None]:
        if (yield) == "bad":
            raise ValueError("checked")

    with Forms(lambda job: "bad") as forms:
        queue.process("email", getattr(forms, form))
        job = ended(queue)
    assert job.state() == "failed" and job.error().startswith("ValueError: checked") and job.result is None


@pytest.mark.parametrize("form", FORMS)
def test_a_job_that_is_put_off_passes_the_generators(queue: Any, form: str) -> None:
    noted = queue.use(Noted())
    with Forms(lambda job: raise_it(kue.Snooze(60_000))) as forms:
        queue.process("email", getattr(forms, form))
        job = ended(queue)
    assert job.state() == "delayed" and job.attempts_made == 0
    assert [type(problem) for problem in noted.raised] == [kue.Snooze]


@pytest.mark.parametrize("form", FORMS)
def test_a_job_that_fails_for_good_passes_the_generators(queue: Any, form: str) -> None:
    noted = queue.use(Noted())
    with Forms(lambda job: raise_it(kue.NoRetry("never"))) as forms:
        queue.process("email", getattr(forms, form))
        job = ended(queue, attempts=5)
    assert job.state() == "failed" and job.attempts_made == 1
    assert [type(problem) for problem in noted.raised] == [kue.NoRetry]


@pytest.mark.parametrize("problem", [kue.Snooze(60_000), kue.NoRetry("never")], ids=["Snooze", "NoRetry"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_generator_may_put_a_job_off_or_fail_it_for_good(queue: Any, when: str, problem: BaseException) -> None:
    ran: list[int] = []

    @queue.use
    def decide(job: Any) -> Iterator[None]:
        if when == "before":
            raise problem
        yield
        raise problem

    queue.process("email", lambda job: ran.append(job.id))
    job = ended(queue, attempts=5)
    assert job.state() == ("delayed" if isinstance(problem, kue.Snooze) else "failed")
    assert job.attempts_made == (0 if isinstance(problem, kue.Snooze) else 1)
    assert len(ran) == (when == "after")


@pytest.mark.parametrize("error", ["a text", {"message": "a message", "stack": "a stack"}, 7])
@pytest.mark.parametrize("form", ["plain", "coroutine"])
def test_what_was_given_to_done_and_is_no_exception_comes_as_handler_failed(
    make_queue: MakeQueue, form: str, error: Any
) -> None:
    async def coroutine(job: Any, done: Any) -> None:
        done(error)

    handler = coroutine if form == "coroutine" else lambda job, done: done(error)
    plain = make_queue(prefix="plain")
    plain.process("email", handler)
    queue = make_queue()
    noted = queue.use(Noted())
    queue.process("email", handler)
    job = ended(queue)
    assert job.state() == "failed" and job.error() == ended(plain).error(), "as without middleware"
    (problem,) = noted.raised
    assert isinstance(problem, kue.HandlerFailed) and problem.error is error
    assert str(problem) == ("a message" if isinstance(error, dict) else str(error))


@pytest.mark.parametrize("form", ["coroutine", "future"])
def test_a_coroutine_or_future_that_was_cancelled_elsewhere_raises_cancelled_error(queue: Any, form: str) -> None:
    noted = queue.use(Noted())

    async def coroutine(job: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(10)

    def future(job: Any) -> Future[None]:
        waiting: Future[None] = Future()
        waiting.cancel()
        return waiting

    queue.process("email", coroutine if form == "coroutine" else future)
    job = ended(queue)
    assert job.error() == "the handler was cancelled"
    assert [type(problem) for problem in noted.raised] == [asyncio.CancelledError]


@pytest.mark.parametrize("form", ["plain", "done", "future"])
def test_a_stop_iteration_of_the_handler_passes_as_any_exception(queue: Any, form: str) -> None:
    noted = [queue.use(Noted()), queue.use(Noted())]
    with Forms(lambda job: raise_it(StopIteration("boom"))) as forms:
        queue.process("email", getattr(forms, form))
        job = ended(queue)
    assert job.state() == "failed" and job.error().startswith("StopIteration: boom")
    assert [type(each.raised[0]) for each in noted] == [StopIteration] * 2
