"""Generators of middleware: which are accepted, how an outcome passes through one, and what none of them costs."""

import contextlib
import functools
import inspect
import sys
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

import kue
from kue import HandlerFailed, InvalidHandler
from kue.worker.execution.executor import Executor
from kue.worker.execution.generators import CANCELLED, Outcome, check_middleware, close, failed, resume
from kue.worker.handler import Handler
from kue.worker.run import Run
from tests.helpers import named


def plain(job: Any) -> Iterator[None]:
    yield


def with_default(job: Any, level: int = 1, *rest: Any, loud: bool = False) -> Iterator[None]:
    yield


class Middleware:
    def method(self, job: Any) -> Iterator[None]:
        yield

    @classmethod
    def of_class(cls, job: Any) -> Iterator[None]:
        yield

    @staticmethod
    def static(job: Any) -> Iterator[None]:
        yield

    def __call__(self, job: Any) -> Iterator[None]:
        yield


GOOD = (plain, with_default, Middleware().method, Middleware.of_class, Middleware.static, Middleware())
GOOD_TOO = (functools.partial(with_default, level=2), lambda job: (yield))


@pytest.mark.parametrize("function", [*GOOD, *GOOD_TOO], ids=named)
def test_generator_functions_of_a_job_are_accepted(function: Any) -> None:
    check_middleware(function)


def no_generator(job: Any) -> None: ...
def returns_one(job: Any) -> Iterator[None]:
    return plain(job)


async def coroutine(job: Any) -> None: ...
async def async_generator(job: Any) -> AsyncIterator[None]:
    yield


def nothing() -> Iterator[None]:
    yield


def with_next(job: Any, call_next: Any) -> Iterator[None]:
    yield


def with_keyword(job: Any, *, level: int) -> Iterator[None]:
    yield


REFUSED = {
    "a middleware must be a generator function": (no_generator, returns_one, coroutine, async_generator, 7, None, ""),
    "has 0 parameters": (nothing,),
    "has 2 parameters": (with_next,),
    "a middleware takes (job); with_keyword needs the keywords level": (with_keyword,),
    "; use it without its decorator": (contextlib.contextmanager(plain),),
}


@pytest.mark.parametrize(
    ("function", "message"), [(one, text) for text, many in REFUSED.items() for one in many], ids=named
)
def test_anything_else_is_an_invalid_handler(function: Any, message: str) -> None:
    with pytest.raises(InvalidHandler) as refused:
        check_middleware(function)
    assert message in str(refused.value)


def started(function: Callable[..., Iterator[Any]]) -> Any:
    generator = function()
    next(generator)
    return generator


def through(function: Callable[..., Iterator[Any]], outcome: Outcome) -> tuple[Outcome, list[BaseException]]:
    reported: list[BaseException] = []
    return resume(function, started(function), outcome, reported.append), reported


def passing() -> Iterator[Any]:
    yield


def swallowing() -> Iterator[Any]:
    with contextlib.suppress(Exception):
        yield


def returning() -> Generator[Any, Any, str]:
    with contextlib.suppress(Exception):
        yield
    return "another result"


def again() -> Iterator[Any]:
    with contextlib.suppress(Exception):
        yield
    try:
        yield
    finally:
        raise LookupError("while it is closed")


OUTCOMES = (Outcome(7), Outcome(None, by_done=True), failed(ValueError("boom")), failed("a text", by_done=True))


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_generator_that_only_yields_passes_on_the_very_outcome(outcome: Outcome) -> None:
    traceback = outcome.exception and outcome.exception.__traceback__
    assert through(passing, outcome) == (outcome, []) and through(passing, outcome)[0] is outcome
    assert outcome.exception is None or outcome.exception.__traceback__ is traceback


@pytest.mark.parametrize("function", [swallowing, returning])
def test_a_generator_cannot_change_a_result_but_may_swallow_an_exception(function: Any) -> None:
    result = Outcome(7)
    assert through(function, result)[0] is result
    assert through(function, failed(ValueError("boom"))) == (Outcome(None), [])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_second_yield_is_a_failure_and_what_the_close_raises_is_reported(outcome: Outcome) -> None:
    left, reported = through(again, outcome)
    assert isinstance(left.exception, InvalidHandler) and str(left.exception).endswith("again has a second yield")
    assert left.error is left.exception and not left.by_done
    assert [type(problem) for problem in reported] == [LookupError]


@pytest.mark.parametrize("kind", [LookupError, KeyboardInterrupt, SystemExit])
def test_an_exception_in_place_of_another_is_the_outcome(kind: type[BaseException]) -> None:
    instead = kind("instead")

    def replacing() -> Iterator[Any]:
        try:
            yield
        finally:
            raise instead

    for outcome in OUTCOMES:
        assert through(replacing, outcome) == (Outcome(None, instead, instead), [])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_generator_that_has_ended_passes_on_what_it_gets(outcome: Outcome) -> None:
    generator = started(passing)
    assert list(generator) == []
    assert resume(passing, generator, outcome, lambda problem: None) is outcome
    stopped = failed(StopIteration("boom"))
    assert resume(passing, generator, stopped, lambda problem: None) is stopped


def test_a_stop_iteration_passes_though_python_makes_another_exception_of_it() -> None:
    stop = failed(StopIteration("boom"))
    assert through(passing, stop)[0] is stop

    def own() -> Iterator[Any]:
        yield
        raise RuntimeError("own")

    assert isinstance(through(own, Outcome(1))[0].exception, RuntimeError)


@pytest.mark.parametrize(("error", "message"), [("text", "text"), ({"message": "of a dict"}, "of a dict"), (7, "7")])
def test_an_error_that_is_no_exception_comes_as_one(error: Any, message: str) -> None:
    outcome = failed(error, by_done=True)
    assert isinstance(outcome.exception, HandlerFailed) and str(outcome.exception) == message
    assert outcome.exception.error is error and outcome.error is error and outcome.by_done


def test_a_cancelled_handler_comes_as_cancelled_error() -> None:
    outcome = failed(CANCELLED)
    assert type(outcome.exception).__name__ == "CancelledError" and not isinstance(outcome.exception, Exception)
    assert outcome.error is CANCELLED


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, ValueError])
def test_what_a_generator_raises_when_it_is_closed_is_reported(kind: type[BaseException]) -> None:
    def raising() -> Iterator[Any]:
        try:
            yield
        finally:
            raise kind

    reported: list[BaseException] = []
    close(started(raising), reported.append)
    assert [type(problem) for problem in reported] == [kind]


class IO:
    def notify(self, run: Run) -> None: ...
    def flush(self) -> None: ...
    def ttl_changed(self, run: Run) -> None: ...


class Slot:
    running, paused, stopping = True, False, False


def files_used(middleware: list[Any], handler: Callable[..., Any]) -> set[str]:
    """The files of the functions that are called for one run."""
    queue = kue.Queue(redis="redis://127.0.0.1:1")
    job = queue.create("email")
    run = Run(job, "worker", 1, 0, IO())
    run.slot = run.type_slots = Slot()
    files: set[str] = set()

    def note(frame: Any, event: str, arg: Any) -> None:
        if event == "call":
            files.add(Path(inspect.getfile(frame.f_code)).name)

    executor = Executor(queue.runtime.error_reporter, lambda run: None, middleware)
    run.handler = Handler(handler)
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        executor._call(run)
    finally:
        sys.setprofile(before)
    assert run.settled
    executor.stop()
    queue.shutdown()
    return files


@pytest.mark.parametrize("handler", [lambda job: None, lambda job, done: done(None, 1), lambda job: 1 / 0])
def test_a_run_calls_nothing_of_the_middleware_if_none_is_registered(handler: Any) -> None:
    own = {"middleware.py", "generators.py"}
    assert not files_used([], handler) & own
    assert files_used([plain], handler) >= own, "the same, with a middleware"
