"""Values and exceptions of others as error messages quote them: short, and never in the way of the message."""

from __future__ import annotations

LONGEST = 1000


def short_repr(value: object, longest: int = LONGEST) -> str:
    """The `repr` of any value, cut where it is long."""
    try:
        text = repr(value)
    except Exception as problem:  # also what Python says to a number of thousands of digits
        if isinstance(value, int):
            return "a number of too many digits"
        return f"<{type(value).__name__} whose repr raised {type(problem).__name__}>"
    return text if len(text) <= longest else text[: longest - 3] + "..."


def error_text(problem: BaseException) -> str:
    """What an exception says."""
    try:
        return str(problem)
    except Exception as worse:
        return f"<{type(problem).__name__} whose str raised {type(worse).__name__}>"


def describe_error(problem: BaseException) -> str:
    """An exception as `Name: message`."""
    return f"{type(problem).__name__}: {error_text(problem)}"
