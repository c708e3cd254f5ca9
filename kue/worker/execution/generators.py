"""One generator of a middleware: what is accepted as its function, and how an outcome passes through it.

Of an outcome a generator sees the result, or the exception. Whatever leaves it is the outcome for the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass
from inspect import isgeneratorfunction
from typing import Any

from kue.common.describe import function_name, short_repr
from kue.errors import InvalidHandler
from kue.jobs.control_flow import HandlerFailed
from kue.jobs.failure import failure_of
from kue.worker.handler import Function, is_kind, required_parameters

CANCELLED = "the handler was cancelled"
Around = Generator[Any, Any, Any]


@dataclass(slots=True)
class Outcome:
    """A result, or an exception. `error` is what the run fails with, which need not be an exception."""

    result: Any = None
    exception: BaseException | None = None
    error: Any = None
    by_done: bool = False


def failed(error: Any, *, by_done: bool = False) -> Outcome:
    """The outcome of what a handler raised, or gave to `done`."""
    if isinstance(error, BaseException):
        exception = error
    elif error is CANCELLED:
        exception = asyncio.CancelledError(error)
    else:
        exception = HandlerFailed(error, failure_of(error).message)
    return Outcome(None, exception, error, by_done)


def check_middleware(function: Function) -> None:
    """Raise `InvalidHandler` if a function is no generator function of a job."""
    if not callable(function) or not is_kind(function, isgeneratorfunction):
        inner = getattr(function, "__wrapped__", None)
        hint = "; use it without its decorator" if inner is not None and isgeneratorfunction(inner) else ""
        raise InvalidHandler(
            f"a middleware must be a generator function of (job) with one yield, not {short_repr(function)}{hint}"
        )
    count = len(required_parameters(function, "middleware", "(job)"))
    if count != 1:
        raise InvalidHandler(
            f"a middleware takes (job); {function_name(function)} has {count} parameters without defaults"
        )


def enter(function: Function, generator: Around) -> None:
    """Run a generator to its `yield`. Raises what it raises, and `InvalidHandler` if it ends without one."""
    try:
        next(generator)
    except StopIteration:
        raise InvalidHandler(f"the middleware {function_name(function)} ended without a yield") from None


def resume(function: Function, generator: Around, outcome: Outcome, report: Callable[[BaseException], None]) -> Outcome:
    """Give the outcome to the `yield` of a generator, and return what leaves the generator.

    A second `yield` is an `InvalidHandler`. Then the generator is closed, and `report` gets what that raises.
    """
    given = outcome.exception
    traceback = None if given is None else given.__traceback__
    try:
        if given is None:
            generator.send(outcome.result)
        else:
            generator.throw(given)
    except StopIteration as end:
        return outcome if given is None or end is given else Outcome()
    except BaseException as raised:
        # Python turns a StopIteration that leaves a generator into a RuntimeError.
        if given is not None and (raised is given or (_is_stop(given) and raised.__cause__ is given)):
            given.__traceback__ = traceback  # what only passes a generator does not show it
            return outcome
        return failed(raised)
    close(generator, report)
    return failed(InvalidHandler(f"the middleware {function_name(function)} has a second yield"))


def _is_stop(exception: BaseException) -> bool:
    return isinstance(exception, StopIteration)


def close(generator: Around, report: Callable[[BaseException], None]) -> None:
    """End a generator without an outcome; `report` gets what it raises."""
    try:
        generator.close()
    except BaseException as problem:
        report(problem)
