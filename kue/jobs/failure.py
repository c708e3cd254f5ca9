"""Turns an error into a `Failure`: the text that is stored, the line in the log, the message of the event.

Each has a limit, since every process that listens receives them, and Redis ends the connection of one that falls behind
by much. What is longer loses its middle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kue.common.describe import MAX_MESSAGE_BYTES, cut, error_text, traceback_text
from kue.common.names import plain_text
from kue.store.transitions import Failure

TTL_EXCEEDED = Failure("TTL exceeded", "TTL exceeded", "TTL exceeded")
WORKER_LOST = Failure("worker lost", "worker lost", "worker lost")
SHUTDOWN = Failure("Shutdown", "Shutdown", "Shutdown")
MAX_ERROR_BYTES = 64_000
_MAX_NAME_BYTES = 500
_TOO_OFTEN = "Shutdown: put back too often (max_requeues)"
PUT_BACK_TOO_OFTEN = Failure(_TOO_OFTEN, _TOO_OFTEN, _TOO_OFTEN)


def failure_of(problem: Any) -> Failure:
    """Make a `Failure` of what a handler raised or gave to `done`: an exception, a string, or anything else.

    As in Kue the stored text begins with `Name: message`, and a plain string leaves an empty line in the log.
    """
    if isinstance(problem, str):
        text = plain_text(problem)
        return _within_limits(text, "", text)
    if isinstance(problem, BaseException):
        # The message is cut first, so that name and message together fit in a line of the log, and so that the text has
        # room for the traceback.
        name = cut(type(problem).__name__, _MAX_NAME_BYTES)
        message = cut(error_text(problem), MAX_MESSAGE_BYTES - len(f"{name}: ".encode("utf-8", "backslashreplace")))
        first = f"{name}: {message}" if message else name
        return _within_limits(traceback_text(problem, first), first.partition("\n")[0], message or name)
    if isinstance(problem, Mapping) and isinstance(problem.get("message"), str):
        text = str(problem.get("stack") or problem["message"])
        return _within_limits(text, text.partition("\n")[0], problem["message"])
    text = error_text(problem)
    return _within_limits(text, text.partition("\n")[0], text)


def with_note(failure: Failure, note: str) -> Failure:
    """The same failure, with a note behind the first line of the text, behind the line, and behind the message."""
    head, newline, rest = failure.error.partition("\n")
    line = failure.line and failure.line + note
    return _within_limits(head + note + newline + rest, line, failure.message + note)


def _within_limits(error: str, line: str, message: str) -> Failure:
    return Failure(cut(error, MAX_ERROR_BYTES), cut(line, MAX_MESSAGE_BYTES), cut(message, MAX_MESSAGE_BYTES))
