"""A handler: how it is called, which its required parameters decide, and how long it takes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from kue.common.describe import function_name, short_repr
from kue.common.signature import signature
from kue.errors import InvalidHandler
from kue.worker.backoff_function import BackoffFunction

Function = Callable[..., Any]
# From the number of arguments, a type checker knows the parameters of a lambda. It would not with `...` among these.
CountedFunction = Callable[[Any], Any] | Callable[[Any, Any], Any] | Callable[[Any, Any, Any], Any]
SHORT_SECONDS = 50e-6
_MAX_COUNTED_SECONDS = 2000 * SHORT_SECONDS  # of a call
FORMS = "(job), (job, done) or (job, ctx, done)"
_CALLBACK_NAMES = ("done", "callback", "cb", "fn", "next")
_CONTEXT_NAMES = ("ctx", "context")


class RecentDuration:
    """How long the last calls of a handler took, as a running average.

    It starts high, so that no handler counts as short before it was tried. A long call counts for a while.
    """

    __slots__ = ("_average",)

    def __init__(self) -> None:
        self._average = 20 * SHORT_SECONDS

    def record(self, seconds: float) -> None:
        """Take into account that a call took so many seconds."""
        self._average += (min(seconds, _MAX_COUNTED_SECONDS) - self._average) / 8

    @property
    def is_short(self) -> bool:
        """Whether a call takes no longer than waking another thread for it."""
        return self._average < SHORT_SECONDS


class Handler:
    """A function that runs jobs, and the backoff of their failures if this process has one for them.

    Raises `InvalidHandler` if it cannot be called with any of `FORMS`.
    """

    __slots__ = ("backoff", "duration", "function", "is_async", "takes_context", "takes_done")

    def __init__(self, function: Function, backoff: BackoffFunction | None = None) -> None:
        if not callable(function):
            raise InvalidHandler(f"a handler must be a function of {FORMS}, not {short_repr(function)}")
        names = required_parameters(function)
        count = len(names)
        if count not in (1, 2, 3):
            raise InvalidHandler(
                f"a handler takes {FORMS}; {function_name(function)} has {count} parameters without defaults"
            )
        # Only its name shows whether a parameter is the callback. Without a callback, the run would never end.
        if count > 1:
            _check_name(function, names, "last", _CALLBACK_NAMES)
        if count == 3:
            _check_name(function, names, "middle", _CONTEXT_NAMES)
        if is_kind(function, inspect.isgeneratorfunction) or is_kind(function, inspect.isasyncgenfunction):
            raise InvalidHandler(f"a handler cannot be a generator: {function_name(function)} would never run")
        self.function = function
        self.backoff = backoff
        self.duration = RecentDuration()
        self.takes_done = count > 1
        self.takes_context = count == 3
        self.is_async = is_kind(function, inspect.iscoroutinefunction)

    @property
    def name(self) -> str:
        """The name of the function."""
        return function_name(self.function)


def _check_name(function: Function, names: list[str], place: str, allowed: tuple[str, ...]) -> None:
    name = names[-1] if place == "last" else names[1]
    if name.strip("_") not in allowed:
        raise InvalidHandler(
            f"a handler takes {FORMS}; {function_name(function)} takes ({', '.join(names)}), and the {place} of these "
            f"must be called {' or '.join(allowed)}: read the data as job.data, and give other parameters a default"
        )


def required_parameters(function: Function, kind: str = "handler", forms: str = FORMS) -> list[str]:
    """The names of the parameters without defaults. Raises `InvalidHandler` if they cannot be read, or are keywords."""
    try:
        parameters = _signature(function).parameters.values()
    except (TypeError, ValueError) as problem:
        raise InvalidHandler(
            f"the parameters of the {kind} {function_name(function)} cannot be read: {problem}"
        ) from None
    needed = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    keyword = [p.name for p in needed if p.kind is p.KEYWORD_ONLY]
    if keyword:
        raise InvalidHandler(
            f"a {kind} takes {forms}; {function_name(function)} needs the keywords {', '.join(keyword)}"
        )
    return [p.name for p in needed]


def _signature(function: Function) -> inspect.Signature:
    """The signature of a wrapper itself, which may add or drop arguments. If it takes `*args`: of what it wraps."""
    try:
        own = signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return signature(function)
    if not any(p.kind is p.VAR_POSITIONAL for p in own.parameters.values()):
        return own
    wrapped = getattr(function, "__wrapped__", None) if inspect.isfunction(function) else None
    return signature(function) if wrapped is None else _signature(wrapped)


def is_kind(function: Function, check: Callable[[Any], bool]) -> bool:
    """Whether a function or a callable object is of a kind, such as a coroutine function; partials are unwrapped."""
    while isinstance(function, functools.partial):
        function = function.func
    return check(function) or check(type(function).__call__)
