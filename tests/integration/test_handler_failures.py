"""A handler may raise anything, in every form: that job fails with a readable error, and the worker goes on."""

import asyncio
import concurrent.futures
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import named, wait_until


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


def raises(problem: BaseException) -> Callable[..., Any]:
    def handler(job: Any) -> None:
        if job.data.get("bad"):
            raise problem

    return handler


def raises_with_done(problem: BaseException) -> Callable[..., Any]:
    def handler(job: Any, done: Any) -> None:
        if job.data.get("bad"):
            raise problem
        done()

    return handler


def passes_to_done(problem: BaseException) -> Callable[..., Any]:
    return lambda job, done: done(problem if job.data.get("bad") else None)


def raises_in_coroutine(problem: BaseException) -> Callable[..., Any]:
    async def handler(job: Any) -> None:
        await asyncio.sleep(0)
        if job.data.get("bad"):
            raise problem

    return handler


def fails_its_future(problem: BaseException) -> Callable[..., Any]:
    def handler(job: Any) -> Any:
        future: Future[None] = Future()
        if job.data.get("bad"):
            future.set_exception(problem)
        else:
            future.set_result(None)
        return future

    return handler


def returns_an_awaitable(problem: BaseException) -> Callable[..., Any]:
    handler = raises_in_coroutine(problem)

    def wrapper(job: Any) -> Any:
        return handler(job)

    return wrapper


def returns_an_awaitable_from_a_coroutine(problem: BaseException) -> Callable[..., Any]:
    handler = raises_in_coroutine(problem)

    async def wrapper(job: Any) -> Any:
        return handler(job)

    return wrapper


FORMS = [
    *(raises, raises_with_done, passes_to_done, raises_in_coroutine, fails_its_future),
    *(returns_an_awaitable, returns_an_awaitable_from_a_coroutine),
]


@pytest.mark.parametrize("problem", KINDS, ids=lambda problem: type(problem).__name__)
@pytest.mark.parametrize("form", FORMS)
def test_whatever_is_raised_fails_the_job_and_the_worker_goes_on(
    queue: Any, form: Callable[..., Any], problem: BaseException
) -> None:
    queue.process("email", form(problem))
    bad = queue.create("email", {"bad": True}).save()
    wait_until(lambda: queue.failed() == [bad.id])
    good = queue.save_all([queue.create("email") for _ in range(3)])
    wait_until(lambda: queue.complete() == [job.id for job in good])

    found = Job.get(bad.id, queue=queue)
    assert found.attempts_made == 1
    assert found.error()
    if form in (raises, raises_with_done, passes_to_done):
        assert found.error().startswith(type(problem).__name__)
    assert queue.health()["active"] == 0


class TestWhatIsStored:
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
    def test_anything_else_given_to_done_is_readable(self, queue: Any, given: Any, error: str, message: str) -> None:
        heard: list[Any] = []
        queue.process("email", lambda job, done: done(given))
        job = queue.create("email").on("failed", heard.append).save()
        wait_until(lambda: heard == [message])
        assert Job.get(job.id, queue=queue).error().startswith(error)

    def test_odd_text_survives(self, queue: Any) -> None:
        heard: list[Any] = []
        text = "é \u2028 \ud800 100% \0 " + "x" * 100_000
        queue.process("email", raises(ValueError(text)))
        queue.create("email", {"bad": True}).on("failed", heard.append).save()
        wait_until(lambda: heard)
        assert heard[0] == text


def returns(result: Any, form: str) -> Callable[..., Any]:
    async def coroutine(job: Any) -> Any:
        return result

    def future(job: Any) -> Any:
        settled: Future[Any] = Future()
        settled.set_result(result)
        return settled

    handlers = {"plain": lambda job: result, "done": lambda job, done: done(None, result)}
    return {**handlers, "coroutine": coroutine, "future": future}[form]


class Unreadable(dict):  # type: ignore[type-arg]
    """As a dict that another thread changes at the wrong moment."""

    def items(self) -> Any:
        raise RuntimeError("changed while it was read")


class TestResults:
    """A result that JSON cannot hold completes the job all the same: the work is done."""

    @pytest.mark.parametrize("form", ["plain", "done", "coroutine", "future"])
    @pytest.mark.parametrize(
        "result", [float("nan"), {1, 2}, {"at": object()}, {1: 2}, b"bytes", [float("inf")]], ids=named
    )
    def test_it_becomes_kues_word_for_that(
        self, queue: Any, errors: list[BaseException], form: str, result: Any
    ) -> None:
        heard: list[Any] = []
        queue.process("email", returns(result, form))
        job = queue.create("email").on("complete", heard.append).save()
        wait_until(lambda: heard)
        word = {"error": True, "message": f'Invalid JSON Result: "{result}"'}
        assert heard == [word]
        found = Job.get(job.id, queue=queue)
        assert (found.state(), found.result) == ("complete", word)
        wait_until(lambda: len(errors) == 1)
        assert isinstance(errors[0], kue.JobInvalid) and "result" in str(errors[0])
        errors.clear()

    @pytest.mark.parametrize("form", ["plain", "done", "coroutine", "future"])
    def test_one_that_cannot_even_be_read_too(self, queue: Any, errors: list[BaseException], form: str) -> None:
        queue.process("email", returns(Unreadable(a=1), form))
        queue.create("email").save()
        wait_until(lambda: queue.complete_count() == 1 and len(errors) == 1)
        assert "changed while it was read" in str(errors.pop())

    def test_json_default_may_turn_it_into_json(self, make_queue: Any) -> None:
        queue = make_queue(json_default=sorted)
        queue.process("email", lambda job: {"set": {3, 1, 2}})
        job = queue.create("email", {"set": {2, 1}}).save()
        wait_until(lambda: queue.complete_count() == 1)
        found = Job.get(job.id, queue=queue)
        assert (found.data, found.result) == ({"set": [1, 2]}, {"set": [1, 2, 3]})
