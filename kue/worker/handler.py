"""A handler: its form, told by its parameters without defaults, (job), (job, done) or (job, ctx, done); its pace."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from kue.common.describe import short_repr
from kue.errors import InvalidHandler

Function = Callable[..., Any]
SHORT = 50e-6  # seconds
FORMS = "(job), (job, done) or (job, ctx, done)"


class RecentDuration:
    """How long a handler takes, as of late: a long run counts for a while, and nothing is short before it was tried."""

    __slots__ = ("_average",)

    def __init__(self) -> None:
        self._average = 20 * SHORT

    def took(self, seconds: float) -> None:
        """The handler was called, and came back after so long."""
        self._average += (min(seconds, 2000 * SHORT) - self._average) / 8

    @property
    def is_short(self) -> bool:
        """Whether it takes no longer than waking a thread for it."""
        return self._average < SHORT


class Handler:
    """A handler, its form and its pace."""

    __slots__ = ("function", "is_async", "pace", "takes_context", "takes_done")

    def __init__(self, function: Function) -> None:
        if not callable(function):
            raise InvalidHandler(f"a handler must be a function of {FORMS}, not {short_repr(function)}")
        count = _parameters(function)
        if count not in (1, 2, 3):
            raise InvalidHandler(f"a handler takes {FORMS}; {_name(function)} has {count} parameters without defaults")
        if _is_one(function, inspect.isgeneratorfunction) or _is_one(function, inspect.isasyncgenfunction):
            raise InvalidHandler(f"a handler cannot be a generator: {_name(function)} would never run")
        self.function = function
        self.pace = RecentDuration()
        self.takes_done = count > 1
        self.takes_context = count == 3
        self.is_async = _is_one(function, inspect.iscoroutinefunction)


def _parameters(function: Function) -> int:
    try:
        parameters = _signature(function).parameters.values()
    except (TypeError, ValueError) as problem:
        raise InvalidHandler(f"the parameters of the handler {_name(function)} cannot be read: {problem}") from None
    needed = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    keyword = [p.name for p in needed if p.kind is p.KEYWORD_ONLY]
    if keyword:
        raise InvalidHandler(f"a handler takes {FORMS}; {_name(function)} needs the keywords {', '.join(keyword)}")
    return len(needed)


def _signature(function: Function) -> inspect.Signature:
    """That of a wrapper itself, which may add or take away arguments; with `*args` it is that of what it wraps."""
    try:
        own = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return inspect.signature(function)
    if not any(p.kind is p.VAR_POSITIONAL for p in own.parameters.values()):
        return own
    within = getattr(function, "__wrapped__", None) if inspect.isfunction(function) else None
    return inspect.signature(function) if within is None else _signature(within)


def _is_one(function: Function, kind: Callable[[Any], bool]) -> bool:
    """Whether a function, or a callable object, is of a kind; partials are looked through."""
    while isinstance(function, functools.partial):
        function = function.func
    return kind(function) or kind(type(function).__call__)


def _name(function: object) -> str:
    return getattr(function, "__qualname__", None) or short_repr(function)
