"""How messages quote the values and exceptions of others: short, and whatever their `repr` or `str` does."""

from __future__ import annotations

LONGEST_REPR = 1000


def short_repr(value: object, longest: int = LONGEST_REPR) -> str:
    """The `repr` of any value, cut if it is long."""
    try:
        text = repr(value)
    except Exception as problem:  # Python also refuses numbers of thousands of digits
        if isinstance(value, int):
            return "a number of too many digits"
        return f"<{type(value).__name__} whose repr raised {type(problem).__name__}>"
    return text if len(text) <= longest else text[: longest - 3] + "..."


def error_text(problem: object) -> str:
    """What `str` makes of an exception, or of anything else that a handler failed with."""
    try:
        return str(problem)
    except BaseException as worse:
        return f"<{type(problem).__name__} whose str raised {type(worse).__name__}>"


def describe_error(problem: BaseException) -> str:
    """An exception as `Name: message`."""
    return f"{type(problem).__name__}: {error_text(problem)}"
