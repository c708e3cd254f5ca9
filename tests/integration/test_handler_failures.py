"""A handler may raise anything, in every form: that job fails with a readable error, and the worker goes on."""

import asyncio
import concurrent.futures
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import wait_until


class Own(BaseException):
    """An exception outside of `Exception`."""


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")

    __repr__ = __str__


class Falsy(Exception):
    def __len__(self) -> int:
        return 0


KINDS: list[BaseException] = [
    ValueError("boom"),
    SystemExit("boom"),
    KeyboardInterrupt("boom"),
    GeneratorExit("boom"),
    StopIteration("boom"),
    StopAsyncIteration("boom"),
    Own("boom"),
    Mute(),
    Falsy("boom"),
    TimeoutError("boom"),
    concurrent.futures.CancelledError("boom"),
    asyncio.CancelledError("boom"),
    RecursionError("boom"),
    ExceptionGroup("boom", [ValueError("one"), TypeError("two")]),
]


def raise_asked_for(job: Any) -> None:
    """Raise the exception whose place in `KINDS` the job's data has."""
    if "bad" in job.data:
        raise KINDS[job.data["bad"]]


def raises(job: Any) -> None:
    raise_asked_for(job)


def raises_with_done(job: Any, done: Any) -> None:
    raise_asked_for(job)
    done()


def passes_to_done(job: Any, done: Any) -> None:
    done(KINDS[job.data["bad"]] if "bad" in job.data else None)


async def raises_in_coroutine(job: Any) -> None:
    await asyncio.sleep(0)
    raise_asked_for(job)


def fails_its_future(job: Any) -> Any:
    future: Future[None] = Future()
    if "bad" in job.data:
        future.set_exception(KINDS[job.data["bad"]])
    else:
        future.set_result(None)
    return future


def returns_an_awaitable(job: Any) -> Any:
    return raises_in_coroutine(job)


async def returns_an_awaitable_from_a_coroutine(job: Any) -> Any:
    return raises_in_coroutine(job)


FORMS = [
    *(raises, raises_with_done, passes_to_done, raises_in_coroutine, fails_its_future),
    *(returns_an_awaitable, returns_an_awaitable_from_a_coroutine),
]


@pytest.mark.parametrize("form", FORMS)
def test_a_job_fails_whatever_its_handler_raises_and_the_worker_goes_on(queue: Any, form: Callable[..., Any]) -> None:
    queue.process("email", form)
    for number, problem in enumerate(KINDS):
        bad = queue.create("email", {"bad": number}).save()
        wait_until(lambda bad=bad: bad.id in queue.failed(), message=f"the job fails with {type(problem).__name__}")
        good = queue.save_all([queue.create("email") for _ in range(3)])
        wait_until(lambda good=good: {job.id for job in good} <= set(queue.complete()))

        found = Job.get(bad.id, queue=queue)
        assert found.attempts_made == 1
        assert found.error()
        if form in (raises, raises_with_done, passes_to_done):
            assert found.error().startswith(type(problem).__name__)
        assert queue.health()["active"] == 0
    assert queue.failed_count() == len(KINDS)


class TestTheStoredError:
    def test_the_stack_begins_with_name_and_message_and_ends_in_the_handler(self, queue: Any) -> None:
        heard: list[Any] = []

        @queue.process("email")
        def send(job: Any) -> None:
            raise LookupError("no such address")

        job = queue.create("email").on("error", heard.append).on("failed", heard.append).save()
        wait_until(lambda: len(heard) == 2)
        error = Job.get(job.id, queue=queue).error()
        lines = error.splitlines()
        assert lines[:2] == ["LookupError: no such address", "Traceback (most recent call last):"]
        assert "in send" in lines[2] and "test_handler_failures.py" in lines[2]
        assert "kue/worker" not in error
        assert heard == [error, "no such address"]
        assert Job.get_log(job.id, queue=queue) == ["LookupError: no such address"]

    def test_a_string_given_to_done_is_stored_as_it_is(self, queue: Any) -> None:
        heard: list[Any] = []
        queue.process("email", lambda job, done: done("disk full"))
        job = queue.create("email").on("error", heard.append).on("failed", heard.append).save()
        wait_until(lambda: heard == ["disk full", "disk full"])
        assert Job.get(job.id, queue=queue).error() == "disk full"
        assert Job.get_log(job.id, queue=queue) == [""]

    @pytest.mark.parametrize(
        ("given", "error", "message"),
        [
            ({"message": "as in Node", "stack": "Error: as in Node\n    at x"}, "Error: as", "as in Node"),
            ({"code": 7}, "{'code': 7}", "{'code': 7}"),
            (7, "7", "7"),
            (ValueError(), "ValueError", "ValueError"),
        ],
        ids=["error object", "dict", "number", "no message"],
    )
    def test_any_other_value_given_to_done_is_stored_readably(
        self, queue: Any, given: Any, error: str, message: str
    ) -> None:
        heard: list[Any] = []
        queue.process("email", lambda job, done: done(given))
        job = queue.create("email").on("failed", heard.append).save()
        wait_until(lambda: heard == [message])
        assert Job.get(job.id, queue=queue).error().startswith(error)

    def test_odd_text_in_an_error_survives(self, queue: Any, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.CRITICAL, "kue.run")  # half a surrogate pair in a record would end the test runner
        heard: list[Any] = []
        text = "é \u2028 \ud800 100% \0 " + "x" * 3000

        @queue.process("email")
        def work(job: Any) -> None:
            raise ValueError(text)

        queue.create("email").on("failed", heard.append).save()
        wait_until(lambda: heard)
        assert heard[0] == text


RESULTS = [float("nan"), {1, 2}, {"at": object()}, {1: 2}, b"bytes", [float("inf")]]  # that JSON cannot hold


def handler_that_returns(form: str, results: list[Any]) -> Callable[..., Any]:
    """A handler of this form, which gives the result whose place the job's data is."""

    async def coroutine(job: Any) -> Any:
        return results[job.data]

    def future(job: Any) -> Any:
        settled: Future[Any] = Future()
        settled.set_result(results[job.data])
        return settled

    handlers = {"plain": lambda job: results[job.data], "done": lambda job, done: done(None, results[job.data])}
    return {**handlers, "coroutine": coroutine, "future": future}[form]


class Unreadable(dict):  # type: ignore[type-arg]
    """As a dict that another thread changes at the wrong moment."""

    def items(self) -> Any:
        raise RuntimeError("changed while it was read")


class TestResultsThatJsonCannotHold:
    """They complete the job all the same: the work is done."""

    @pytest.mark.parametrize("form", ["plain", "done", "coroutine", "future"])
    def test_the_result_becomes_kues_word_for_that(self, queue: Any, errors: list[BaseException], form: str) -> None:
        queue.process("email", handler_that_returns(form, RESULTS))
        for number, result in enumerate(RESULTS):
            heard: list[Any] = []
            job = queue.create("email", number).on("complete", heard.append).save()
            wait_until(lambda heard=heard: heard, message=f"the job with the result {result!r} is complete")
            word = {"error": True, "message": f'Invalid JSON Result: "{result}"'}
            assert heard == [word]
            found = Job.get(job.id, queue=queue)
            assert (found.state(), found.result) == ("complete", word)
            wait_until(lambda: len(errors) == 1)
            assert isinstance(errors[0], kue.JobInvalid) and "result" in str(errors[0])
            errors.clear()

    @pytest.mark.parametrize("form", ["plain", "done", "coroutine", "future"])
    def test_a_result_that_cannot_even_be_read_completes_the_job(
        self, queue: Any, errors: list[BaseException], form: str
    ) -> None:
        queue.process("email", handler_that_returns(form, [Unreadable(a=1)]))
        queue.create("email", 0).save()
        wait_until(lambda: queue.complete_count() == 1 and len(errors) == 1)
        assert "changed while it was read" in str(errors.pop())

    def test_json_default_may_turn_the_result_into_json(self, make_queue: Any) -> None:
        queue = make_queue(json_default=sorted)
        queue.process("email", lambda job: {"set": {3, 1, 2}})
        job = queue.create("email", {"set": {2, 1}}).save()
        wait_until(lambda: queue.complete_count() == 1)
        found = Job.get(job.id, queue=queue)
        assert (found.data, found.result) == ({"set": [1, 2]}, {"set": [1, 2, 3]})
