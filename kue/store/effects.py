"""Turns what is reported or changed on a job (a log line, a field, an event) into effects, which scripts carry out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kue.common.describe import short_repr, traceback_text
from kue.common.interruption import is_from_signal_handler
from kue.connection.connection import Argument
from kue.errors import InvalidJobData
from kue.store import messages
from kue.store.codec import Default, encode, text_bytes
from kue.store.identity import stamp
from kue.store.messages import MAX_ARGUMENT_BYTES

Effects = Sequence[Argument]


def log(text: Any, args: tuple[Any, ...], now: int) -> Effects:
    """A log line, formatted with `%`. Any value is accepted, and a stray `%` does not raise (Node's `util.format`).

    An exception has its traceback in the line, unless `%s` asks for its text.
    """
    return ("log", text_bytes(_format(text, args)), "", "set", "updated_at", now)


def progress(
    id: int, complete: float, total: float, data: Any, now: int, default: Default | None, created_at: object = None
) -> tuple[int, Effects]:
    """The percentage, as Kue computes it, and the effects. Raises `InvalidJobData` if JSON cannot hold the data."""
    percent = percentage(complete, total)
    effects: list[Argument] = ["set", "progress", percent]
    written, more = b"null", stamp(created_at)
    if data is not None:
        written = encode(data, "progress data", default)
        effects += ["set", "progress_data", written]
    if len(written) > MAX_ARGUMENT_BYTES:
        written, more = b"null", more + messages.CUT_KEY
    effects += ["set", "updated_at", now, "touch", "", ""]
    effects += ["publish", messages.encode(id, "progress", b"%d" % percent, written, more=more), ""]
    return percent, tuple(effects)


def percentage(complete: float, total: float) -> int:
    """`complete` of `total` in percent, truncated to an integer, at most 100; 0 if the total is 0."""
    try:
        return min(100, int(complete * 100 / total))
    except (ZeroDivisionError, OverflowError, ValueError):
        return 0


def option(field: str, value: Argument | None) -> Effects:
    """Write the field of an option; None removes it."""
    return ("option", field, "" if value is None else value)


def set_field(field: str, value: Argument) -> Effects:
    """Write one field of the job's hash."""
    return ("set", text_bytes(field), text_bytes(value) if isinstance(value, str) else value)


def send(id: int, event: str, data: Any, default: Default | None, *, keep: bool, created_at: object = None) -> Effects:
    """An event of the user's own (kue-send). `keep` also stores the data, for promises that missed the event.

    Raises `InvalidJobData` if JSON cannot hold the data, or if it is too large for an event and is not kept.
    """
    written, more = encode(data, f"{event} data", default), stamp(created_at)
    kept = ("set", "py_sent", written) if keep else ()
    if len(written) > MAX_ARGUMENT_BYTES:
        if not keep:
            problem = f"is {len(written)} bytes as JSON, and an event carries {MAX_ARGUMENT_BYTES} at most"
            raise InvalidJobData(f"{event} data", problem)
        written, more = b"null", more + messages.CUT_KEY
    return (*kept, "publish", messages.encode(id, event, written, more=more), "")


def error(id: int, stack: str, line: str, now: int) -> Effects:
    """Kue's `job.error(err)`: the `error` field, its first line in the log, and the event."""
    written = encode(stack, "error")
    effects: Effects = ("set", "error", text_bytes(stack), "log", text_bytes(line), "", "set", "updated_at", now)
    return (*effects, "publish", messages.encode(id, "error", written), "")


def _format(text: Any, args: tuple[Any, ...]) -> str:
    if not isinstance(text, str):
        return " ".join(_full_repr(value) for value in (text, *args))
    if not args:
        return text
    try:
        return text % (args[0] if len(args) == 1 and isinstance(args[0], Mapping) and args[0] else args)
    except Exception as problem:
        if is_from_signal_handler(problem):
            raise
        return " ".join([text, *(value if isinstance(value, str) else _full_repr(value) for value in args)])


def _full_repr(value: Any) -> str:
    return traceback_text(value) if isinstance(value, BaseException) else short_repr(value, sys.maxsize)
