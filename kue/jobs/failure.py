"""Turns an error into a `Failure`: the text that is stored, the line in the log, the message of the event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kue.common.describe import error_text, traceback_text
from kue.common.names import plain_text
from kue.store.transitions import Failure

TTL_EXCEEDED = Failure("TTL exceeded", "TTL exceeded", "TTL exceeded")
WORKER_LOST = Failure("worker lost", "worker lost", "worker lost")
SHUTDOWN = Failure("Shutdown", "Shutdown", "Shutdown")
_TOO_OFTEN = "Shutdown: put back too often (max_requeues)"
PUT_BACK_TOO_OFTEN = Failure(_TOO_OFTEN, _TOO_OFTEN, _TOO_OFTEN)


def failure_of(problem: Any) -> Failure:
    """Make a `Failure` of what a handler raised or gave to `done`: an exception, a string, or anything else.

    As in Kue the stored text begins with `Name: message`, and a plain string leaves an empty line in the log.
    """
    if isinstance(problem, str):
        text = plain_text(problem)
        return Failure(text, "", text)
    if isinstance(problem, BaseException):
        name, message = type(problem).__name__, error_text(problem)
        text = traceback_text(problem)
        return Failure(text, text.partition("\n")[0], message or name)
    if isinstance(problem, Mapping) and isinstance(problem.get("message"), str):
        text = str(problem.get("stack") or problem["message"])
        return Failure(text, text.partition("\n")[0], problem["message"])
    text = error_text(problem)
    return Failure(text, text.partition("\n")[0], text)
