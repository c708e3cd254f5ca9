"""A backoff function: which are accepted, and what their answers mean."""

import functools
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from kue.common.error_reporter import ErrorReporter
from kue.errors import InvalidOption, KueError
from kue.jobs.retry import MAX_WAIT_MS
from kue.store.transitions import Retry
from kue.worker.backoff_function import BackoffFunction
from tests.helpers import named


class Growing:
    def __call__(self, attempts: int, delay: int) -> int:
        return attempts * delay


def needs_one(attempts: int) -> int:
    return attempts


def needs_a_keyword(attempts: int, delay: int, *, base: int) -> int:
    return base


async def coroutine(attempts: int, delay: int) -> int:
    return delay


def generator(attempts: int, delay: int) -> Any:
    yield delay


@pytest.mark.parametrize(
    "function",
    [
        lambda attempts, delay: 5,
        lambda *args: 5,
        lambda made, waited, base=1: 5,
        Growing(),
        functools.partial(needs_a_keyword, base=5),
        max,  # shows no parameters
    ],
)
def test_what_can_be_called_with_attempts_and_delay_is_accepted(function: Any) -> None:
    BackoffFunction(function)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (5, "backoff must be a function of (attempts, delay), not 5"),
        (
            {"type": "fixed"},
            "backoff must be a function of (attempts, delay), not {'type': 'fixed'}; "
            "a dict is the job option backoff, as in job_flags",
        ),
        (needs_one, "backoff must be a function of (attempts, delay), and needs_one is not: too many positional"),
        (needs_a_keyword, "backoff must be a function of (attempts, delay), and needs_a_keyword is not: missing a"),
        (lambda: 5, "backoff must be a function of (attempts, delay), and <lambda> is not: too many positional"),
        (coroutine, "backoff must be a plain function, not the coroutine or generator coroutine"),
        (generator, "backoff must be a plain function, not the coroutine or generator generator"),
    ],
    ids=named,
)
def test_anything_else_is_refused(function: Any, message: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        BackoffFunction(function)
    assert str(refused.value).startswith(message)


def asked(function: Callable[[int, int], Any], *, made: int = 1, delay: Any = 70) -> tuple[Retry, list[BaseException]]:
    reported: list[BaseException] = []
    job: Any = SimpleNamespace(id=7, attempts_made=made, delay=lambda: delay)
    return BackoffFunction(function).retry_of(job, ErrorReporter(reported.append)), reported


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (500, 500),
        (0, 0),
        (-1, 0),
        (timedelta(seconds=-1), 0),
        (timedelta(seconds=2), 2000),
        (0.4, 0),
        (7.5, 8),
        (1e300, MAX_WAIT_MS),
        (2**60, MAX_WAIT_MS),
    ],
    ids=str,
)
def test_the_job_waits_for_what_the_function_returns(answer: Any, wait: int) -> None:
    assert asked(lambda attempts, delay: answer) == (Retry("delayed", wait), [])


def test_the_function_gets_the_failed_attempts_and_the_delay_of_the_job() -> None:
    for made, delay, expected in ((0, 70, (1, 70)), (4, None, (5, 0))):
        calls: list[Any] = []
        asked(lambda *args, calls=calls: calls.append(args) or 5, made=made, delay=delay)
        assert calls == [expected]


def raises(problem: BaseException) -> Callable[[int, int], Any]:
    def function(attempts: int, delay: int) -> Any:
        raise problem

    return function


def returns(value: Any) -> Callable[[int, int], Any]:
    return lambda attempts, delay: value


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (raises(ZeroDivisionError("division by zero")), "ZeroDivisionError: division by zero"),
        (raises(SystemExit(3)), "SystemExit: 3"),
        (returns(None), "it returned None, which is no number of milliseconds and no timedelta"),
        (returns("5"), "it returned '5', which is no number"),
        (returns(True), "it returned True, which is no number"),
        (returns(float("nan")), "it returned nan, which is no number"),
        (returns(float("inf")), "it returned inf, which is no number"),
        (returns(10**400), "OverflowError: "),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
@pytest.mark.parametrize(("delay", "retry"), [(70, Retry("delayed", 70)), (None, Retry("delayed"))])
def test_if_it_fails_one_error_says_so_and_the_delay_of_the_job_counts(
    function: Any, reason: str, delay: int | None, retry: Retry
) -> None:
    found, reported = asked(function, delay=delay)
    assert found == retry
    [error] = reported
    assert isinstance(error, KueError)
    assert "failed for job 7, which waits for its own delay: " in str(error) and reason in str(error)
