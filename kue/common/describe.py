"""Describes values and exceptions in messages: in short, and even if their `repr` or `str` raises."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from types import TracebackType

from kue.common.interruption import is_from_signal_handler

MAX_REPR_CHARACTERS = 1000
MAX_MESSAGE_BYTES = 4_000
_MAX_BYTES_OF_A_CHARACTER = 6  # half a surrogate pair is stored as its escape


def short_repr(value: object, max_characters: int = MAX_REPR_CHARACTERS) -> str:
    """The `repr` of any value, cut if it is longer than `max_characters`."""
    try:
        text = repr(value)
    except Exception as problem:  # Python itself raises for numbers of thousands of digits
        if is_from_signal_handler(problem):
            raise
        if isinstance(value, int):
            return "a number of too many digits"
        return f"<{type(value).__name__} whose repr raised {type(problem).__name__}>"
    return text if len(text) <= max_characters else text[: max_characters - 3] + "..."


def function_name(function: object) -> str:
    """The name of a function, with that of its class; another object that can be called is shown as it is."""
    return getattr(function, "__qualname__", None) or short_repr(function)


def error_text(problem: object) -> str:
    """The `str` of an exception, or of anything else that a handler failed with."""
    try:
        return str(problem)
    except BaseException as worse:
        return f"<{type(problem).__name__} whose str raised {type(worse).__name__}>"


def describe_error(problem: BaseException) -> str:
    """An exception as `Name: message`. The middle of a long message is left out."""
    return cut(f"{type(problem).__name__}: {error_text(problem)}", MAX_MESSAGE_BYTES)


def traceback_text(problem: BaseException, heading: str | None = None) -> str:
    """An exception with its traceback, in the form of a stack in JavaScript: `Name: message` comes first.

    `heading` stands in place of that line.
    """
    name, message = type(problem).__name__, error_text(problem)
    own, stack = f"{name}: {message}" if message else name, _stack_text(problem)
    first = own if heading is None else heading
    return first if stack == own else f"{first}\n{stack}"


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


def _stack_text(problem: BaseException) -> str:
    """The traceback from the handler on, as text. `Name: message` is its last line."""
    try:
        return "".join(traceback.format_exception(type(problem), problem, traceback_of(problem))).rstrip("\n")
    except BaseException as formatting_error:
        return f"<no traceback: {type(formatting_error).__name__}>"


def cut(text: str, max_bytes: int) -> str:
    """Text of at most so many bytes of UTF-8. If it has more, its middle is left out, and the text says so."""
    if len(text) * _MAX_BYTES_OF_A_CHARACTER <= max_bytes:
        return text
    if len(text) <= max_bytes and len(text.encode("utf-8", "backslashreplace")) <= max_bytes:
        return text
    half = (max_bytes - len(_note(len(text)))) // 2
    head = _characters_within(text, half)
    tail = _characters_within(reversed(text), half)
    return text[:head] + _note(len(text) - head - tail) + text[len(text) - tail :]


def _note(characters: int) -> str:
    return f" ... [{characters} characters left out] ... "


def _characters_within(characters: Iterable[str], max_bytes: int) -> int:
    """How many of the first characters have no more than so many bytes together."""
    count = size = 0
    for character in characters:
        size += len(character.encode("utf-8", "backslashreplace"))
        if size > max_bytes:
            break
        count += 1
    return count
