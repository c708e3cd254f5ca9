"""The message of a failure, read from the stored error, is that of the event."""

from typing import Any

import pytest

from kue.jobs.failure import TTL_EXCEEDED, failure_of
from kue.store.codec import text, text_bytes
from kue.store.keys import Keys
from kue.store.stored_error import FIELD, keep_message, message_of
from kue.store.transitions import Retry, Transitions

FRAMES = "\n    at Object.<anonymous> (/app/x.js:1:1)\n    at node:internal/main/run_main_module:23:47"
TRACEBACK = '\nTraceback (most recent call last):\n  File "x.py", line 1, in work\n    raise\nValueError: boom'
NODE = [
    ("boom", "boom"),
    ("timeout: host unreachable", "timeout: host unreachable"),
    ("Error: like an error", "Error: like an error"),
    ("two\nlines", "two\nlines"),
    ("", ""),
    ("TTL exceeded", "TTL exceeded"),
    ("Error: boom" + FRAMES, "boom"),
    ("Error: first: second" + FRAMES, "first: second"),
    ("Error: first\nsecond\n\nfourth" + FRAMES, "first\nsecond\n\nfourth"),
    ("Error" + FRAMES, "Error"),
    ("http.Error$1: boom" + FRAMES, "boom"),
    ("TypeError [ERR_INVALID_ARG_TYPE]: The path: wrong" + FRAMES, "The path: wrong"),
    ("Error: Command failed: python x" + TRACEBACK + "\n" + FRAMES, "Command failed: python x" + TRACEBACK + "\n"),
    ("no name here" + FRAMES, "no name here"),
    (TRACEBACK[1:], TRACEBACK[1:]),
    ("it said:" + TRACEBACK, "it said:" + TRACEBACK),
]


@pytest.mark.parametrize(("error", "message"), NODE, ids=range(len(NODE)))
def test_the_message_of_an_error_of_node_is_its_first_line(error: str, message: str) -> None:
    assert message_of(error) == message


class Mine(Exception):
    pass


def raised(problem: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise problem from cause
    except BaseException as caught:
        return caught


PLAIN = [
    raised(ValueError("boom")),
    raised(Mine("first: second")),
    raised(Mine("first\nsecond\n")),
    raised(ValueError()),
    raised(KeyError("k")),
    raised(Mine("boom"), raised(ValueError("deep"))),
    "plain words",
    "timeout: host unreachable",
    "two\nlines",
    "",
    7,
    {"message": "boom"},
]
ODD = [
    ValueError("never raised"),
    raised(Mine("boom"), ValueError("never raised")),
    raised(Mine("it said:" + TRACEBACK)),
    raised(Mine("it said: Error: x" + FRAMES)),
    raised(Mine("half \ud800 a pair")),
    raised(ExceptionGroup("many", [ValueError("one")])),
    "Error: boom" + FRAMES,
    "ValueError: boom" + TRACEBACK,
    {"message": "boom", "stack": "somewhere\nelse"},
]


@pytest.mark.parametrize("problem", PLAIN + ODD, ids=range(len(PLAIN + ODD)))
def test_the_message_of_an_error_of_python_is_read_as_it_was(problem: Any) -> None:
    failure = failure_of(problem)
    kept = keep_message(failure.error, failure.message)
    assert message_of(text(text_bytes(failure.error)), kept[2] if kept else None) == failure.message
    assert bool(kept) == (problem in ODD)
    assert kept[:2] in ((), ("set", FIELD))


def test_a_kept_message_counts_only_for_its_error() -> None:
    problem = ValueError("never raised")
    failure = failure_of(problem)
    (_, _, kept) = keep_message(failure.error, failure.message)
    assert message_of("Error: of Node" + FRAMES, kept) == "of Node"
    assert message_of(failure.error + ".", kept) == failure.error + "."


@pytest.mark.parametrize("odd", [b"", b"{", b"7", b"[1]", b"[1,2,3]", b"null", b"\xff"])
def test_a_kept_message_that_is_something_else_is_ignored(odd: bytes) -> None:
    assert message_of("boom", odd) == "boom"


def test_a_failure_keeps_its_message_only_if_its_error_does_not_show_it() -> None:
    fail = Transitions(Keys("q")).fail
    common = (7, "worker", "email", 1)
    odd = failure_of(ValueError("never raised"))
    said = ("log", "x", "")
    assert fail(*common, TTL_EXCEEDED, Retry("failed"), effects=said)[-3:] == said
    command = fail(*common, odd, Retry("failed"), effects=said)
    assert command[-6:] == (*said, *keep_message(odd.error, odd.message))
