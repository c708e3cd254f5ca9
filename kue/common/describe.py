"""Describes values and exceptions in messages: in short, and even if their `repr` or `str` raises."""

from __future__ import annotations

import traceback
from types import TracebackType

MAX_REPR_CHARACTERS = 1000


def short_repr(value: object, max_characters: int = MAX_REPR_CHARACTERS) -> str:
    """The `repr` of any value, cut if it is longer than `max_characters`."""
    try:
        text = repr(value)
    except Exception as problem:  # Python itself raises for numbers of thousands of digits
        if isinstance(value, int):
            return "a number of too many digits"
        return f"<{type(value).__name__} whose repr raised {type(problem).__name__}>"
    return text if len(text) <= max_characters else text[: max_characters - 3] + "..."


def error_text(problem: object) -> str:
    """The `str` of an exception, or of anything else that a handler failed with."""
    try:
        return str(problem)
    except BaseException as worse:
        return f"<{type(problem).__name__} whose str raised {type(worse).__name__}>"


def describe_error(problem: BaseException) -> str:
    """An exception as `Name: message`."""
    return f"{type(problem).__name__}: {error_text(problem)}"


def traceback_text(problem: BaseException) -> str:
    """An exception with its traceback, in the form of a stack in JavaScript: `Name: message` comes first."""
    name, message = type(problem).__name__, error_text(problem)
    first, stack = f"{name}: {message}" if message else name, _stack(problem)
    return first if stack == first else f"{first}\n{stack}"


def traceback_of(problem: BaseException) -> TracebackType | None:
    """The traceback from the handler on, without the frames that called it."""
    frames = problem.__traceback__
    while (
        frames is not None
        and frames.tb_next is not None
        and frames.tb_frame.f_globals.get("__name__", "").startswith("kue.")
    ):
        frames = frames.tb_next
    return frames


def _stack(problem: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(type(problem), problem, traceback_of(problem))).rstrip("\n")
    except BaseException as formatting_error:
        return f"<no traceback: {type(formatting_error).__name__}>"
