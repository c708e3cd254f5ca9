"""Describes values and exceptions in messages: in short, and even if their `repr` or `str` raises."""

from __future__ import annotations

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
