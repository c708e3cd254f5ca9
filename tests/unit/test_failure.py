"""What becomes of the error of a run: the stored text, the line in the log, the message of the event."""

import re
import traceback
from types import MappingProxyType
from typing import Any

import pytest

from kue.jobs.failure import SHUTDOWN, TTL_EXCEEDED, failure_of, with_note
from kue.store.transitions import Failure
from tests.helpers import named


class Mine(Exception):
    pass


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


class Odd:
    def __str__(self) -> str:
        return "first\nsecond"


def raised(problem: BaseException) -> BaseException:
    """The exception, raised and caught, with a traceback."""
    try:
        raise problem
    except BaseException as caught:
        return caught


LONG = "begin " + "\u2709" * 30_000 + " end"
LONG_PROBLEMS = [
    raised(ValueError(LONG)),
    ValueError(LONG),
    raised(type("N" * 100_000, (Exception,), {})(LONG)),
    LONG,
    {"message": LONG, "stack": f"Error: {LONG}\\n    at x"},
    {"message": LONG},
    type("Long", (), {"__str__": lambda self: LONG})(),
]


@pytest.mark.parametrize("problem", LONG_PROBLEMS, ids=lambda problem: type(problem).__name__[:20])
def test_a_long_error_loses_its_middle_and_says_so(problem: Any) -> None:
    failure = failure_of(problem)
    for text, limit in ((failure.error, 64_000), (failure.line, 4_000), (failure.message, 4_000)):
        assert len(text.encode()) <= limit
        assert text == "" or "characters left out" in text
    assert failure.message.startswith("begin \u2709") and failure.message.endswith("\u2709 end")
    noted = with_note(failure, " (a note)")
    assert len(noted.error.encode()) <= 64_000 and len(noted.message.encode()) <= 4_000


def test_the_traceback_of_a_long_error_is_kept() -> None:
    assert "in raised\n" in failure_of(raised(ValueError(LONG))).error


@pytest.mark.parametrize(
    ("problem", "line", "message"),
    [
        (ValueError("boom"), "ValueError: boom", "boom"),
        (Mine("d\u00e9j\u00e0 \U0001f680"), "Mine: d\u00e9j\u00e0 \U0001f680", "d\u00e9j\u00e0 \U0001f680"),
        (KeyError("k"), "KeyError: 'k'", "'k'"),
        (ValueError(), "ValueError", "ValueError"),
        (ValueError("first\nsecond"), "ValueError: first", "first\nsecond"),
        (ValueError(1, 2), "ValueError: (1, 2)", "(1, 2)"),
        (SystemExit(3), "SystemExit: 3", "3"),
        (KeyboardInterrupt(), "KeyboardInterrupt", "KeyboardInterrupt"),
        (ExceptionGroup("many", [ValueError("a")]), "ExceptionGroup: many (1 sub-exception)", "many (1 sub-exception)"),
    ],
    ids=named,
)
def test_an_exception_is_named_as_node_names_an_error(problem: BaseException, line: str, message: str) -> None:
    failure = failure_of(raised(problem))
    assert (failure.line, failure.message) == (line, message)
    assert failure.error.splitlines()[0] == line
    assert re.search(r"in raised\n[ |]*raise problem", failure.error)
    assert not failure.error.endswith("\n")


def test_the_stored_text_has_the_whole_traceback_with_causes() -> None:
    try:
        try:
            raise ValueError("deep")
        except ValueError as deep:
            raise Mine("on top") from deep
    except Mine as problem:
        failure = failure_of(problem)
        expected = traceback.format_exc()
    assert failure.error == f"Mine: on top\n{expected.rstrip()}"
    assert "ValueError: deep" in failure.error


def test_an_exception_that_was_never_raised_is_stored_too() -> None:
    failure = failure_of(ValueError("boom"))
    assert failure == Failure("ValueError: boom", "ValueError: boom", "boom")


@pytest.mark.parametrize("text", ["plain words", "", "two\nlines", "Error: like an error", "\u2709"])
def test_a_string_is_stored_as_it_is_and_leaves_an_empty_line(text: str) -> None:
    assert failure_of(text) == Failure(text, "", text)


@pytest.mark.parametrize(
    ("problem", "failure"),
    [
        ({"message": "boom"}, Failure("boom", "boom", "boom")),
        ({"message": "boom", "stack": "Error: boom\n at x"}, Failure("Error: boom\n at x", "Error: boom", "boom")),
        ({"message": "boom", "stack": ""}, Failure("boom", "boom", "boom")),
        (MappingProxyType({"message": "boom"}), Failure("boom", "boom", "boom")),
        ({"message": 5}, Failure("{'message': 5}", "{'message': 5}", "{'message': 5}")),
        ({"code": 5}, Failure("{'code': 5}", "{'code': 5}", "{'code': 5}")),
        (404, Failure("404", "404", "404")),
        (["a", 1], Failure("['a', 1]", "['a', 1]", "['a', 1]")),
        (Odd(), Failure("first\nsecond", "first", "first\nsecond")),
        (ValueError, Failure("<class 'ValueError'>", "<class 'ValueError'>", "<class 'ValueError'>")),
    ],
    ids=named,
)
def test_any_other_value_is_stored_as_it_is_shown(problem: Any, failure: Failure) -> None:
    assert failure_of(problem) == failure


def test_an_exception_that_cannot_be_shown_is_stored_as_such() -> None:
    failure = failure_of(raised(Unprintable()))
    assert failure.message == "<Unprintable whose str raised RuntimeError>"
    assert failure.line == "Unprintable: <Unprintable whose str raised RuntimeError>"
    assert failure.error.startswith(f"{failure.line}\nTraceback ")


def test_an_object_that_cannot_be_shown_is_stored_as_such() -> None:
    class Bad:
        __str__ = Unprintable.__str__

    said = "<Bad whose str raised RuntimeError>"
    assert failure_of(Bad()) == Failure(said, said, said)


def test_the_frames_of_kue_itself_are_left_out() -> None:
    names: dict[str, Any] = {"__name__": "kue.worker.somewhere"}
    exec("def call(handler): handler()", names)

    def handler() -> None:
        raise ValueError("boom")

    try:
        names["call"](handler)
    except ValueError as problem:
        frames = problem.__traceback__
        assert frames is not None
        # As in a worker, where nothing of the caller's stands before kue's own frames.
        failure = failure_of(problem.with_traceback(frames.tb_next))
    assert "in call" not in failure.error
    assert "in handler" in failure.error


def test_a_problem_that_lies_in_kue_keeps_its_last_frame() -> None:
    names: dict[str, Any] = {"__name__": "kue.worker.somewhere"}
    exec("def call(): raise ValueError('boom')", names)
    try:
        names["call"]()
    except ValueError as problem:
        assert problem.__traceback__ is not None
        failure = failure_of(problem.with_traceback(problem.__traceback__.tb_next))
    assert "in call" in failure.error


def test_failures_of_kue_have_the_words_of_kue() -> None:
    for words, failure in (("TTL exceeded", TTL_EXCEEDED), ("Shutdown", SHUTDOWN)):
        assert failure == Failure(words, words, words)
