"""What a handler reports of its job: log lines that never raise, Kue's percentages, and the triple of each effect."""

from collections import UserDict
from types import MappingProxyType
from typing import Any

import pytest

from kue.errors import InvalidJobData
from kue.store import effects

NOW = 1_700_000_000_000
NAN, INFINITY = float("nan"), float("inf")


def line(text: Any, *args: Any) -> str:
    """The log line, as it goes to Redis."""
    kind, written, empty, *touched = effects.log(text, args, NOW)
    assert (kind, empty, touched) == ("log", "", ["set", "updated_at", NOW])
    assert isinstance(written, bytes)
    return written.decode()


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Words:
    def __str__(self) -> str:
        return "words"

    def __repr__(self) -> str:
        return "<Words>"


@pytest.mark.parametrize(
    ("text", "args", "written"),
    [
        ("plain", (), "plain"),
        ("", (), ""),
        ("100%", (), "100%"),
        ("%s %d %%", (), "%s %d %%"),
        ("two\nlines", (), "two\nlines"),
        ("sending to %s", ("tj",), "sending to tj"),
        ("%s of %d", ("one", 2), "one of 2"),
        ("%(a)s and %(b)d", ({"a": "x", "b": 2},), "x and 2"),
        ("%(a)s", (MappingProxyType({"a": "x"}),), "x"),
        ("%s", ({"a": 1},), "{'a': 1}"),
        ("%s", ({},), "{}"),
        ("%s", ((1, 2),), "(1, 2)"),
        ("%s", (None,), "None"),
        ("%s", (Words(),), "words"),
        ("%r", ("x",), "'x'"),
        ("%5.2f|", (1.0,), " 1.00|"),
        ("done 100%% of %s", ("it",), "done 100% of it"),
    ],
)
def test_a_line_is_formatted_as_python_does(text: str, args: tuple[Any, ...], written: str) -> None:
    assert line(text, *args) == written


@pytest.mark.parametrize(
    ("text", "args", "written"),
    [
        ("too few: %s %s", ("one",), "too few: %s %s one"),
        ("too many", ("one", 2), "too many one 2"),
        ("a number: %d", ("x",), "a number: %d x"),
        ("100% of", ("it",), "100% of it"),
        ("100%", (5,), "100% 5"),
        ("%z", (5,), "%z 5"),
        ("%", ("x",), "% x"),
        ("%(missing)s", ({"a": 1},), "%(missing)s {'a': 1}"),
        ("%(a)s", ("x",), "%(a)s x"),
        ("%s %s", ({"a": 1},), "%s %s {'a': 1}"),
        ("%c", (-1,), "%c -1"),
        ("%s", (Unprintable(),), "%s <Unprintable whose repr raised RuntimeError>"),
        ("%d", (INFINITY,), "%d inf"),
    ],
)
def test_a_line_whose_signs_do_not_fit_has_its_values_behind_it(text: str, args: tuple[Any, ...], written: str) -> None:
    assert line(text, *args) == written


@pytest.mark.parametrize(
    ("text", "args", "written"),
    [
        (5, (), "5"),
        (None, (), "None"),
        ({"a": 1}, (), "{'a': 1}"),
        ([1], ("x", 2), "[1] 'x' 2"),
        (b"raw", (), "b'raw'"),
        (ValueError("boom"), (), "ValueError: boom"),
        (Unprintable(), (), "<Unprintable whose repr raised RuntimeError>"),
        (UserDict(a=1), (), "{'a': 1}"),
    ],
)
def test_any_value_becomes_a_line(text: Any, args: tuple[Any, ...], written: str) -> None:
    assert line(text, *args) == written


def test_a_line_keeps_unicode_and_half_a_pair_is_escaped() -> None:
    assert line("caf\u00e9 \U0001f680 %s", "\u2709") == "caf\u00e9 \U0001f680 \u2709"
    assert line("half \ud83d") == "half \\ud83d"


# The right-hand column is what Node prints for Math.min(100, complete * 100 / total | 0).
PERCENTAGES = [
    (0, 100, 0),
    (1, 3, 33),
    (2, 3, 66),
    (1, 2, 50),
    (99.99, 100, 99),
    (100, 100, 100),
    (150, 100, 100),
    (5, 0, 0),
    (0, 0, 0),
    (-5, 0, 0),
    (-1, 3, -33),
    (-1, 200, 0),
    (1, -3, -33),
    (-150, 100, -150),
    (0.1, 1, 10),
    (0.29, 1, 28),
    (0.57, 1, 56),
    (1, 0.5, 100),
    (NAN, 100, 0),
    (1, NAN, 0),
    (INFINITY, 100, 0),
    (-INFINITY, 100, 0),
    (1, INFINITY, 0),
    (INFINITY, INFINITY, 0),
    (1e300, 1e-300, 0),
    (5, -0.0, 0),
    (10**400, 1, 0),
    (1, 10**400, 0),
]


@pytest.mark.parametrize(("complete", "total", "percent"), PERCENTAGES)
def test_a_percentage_is_kue_s(complete: float, total: float, percent: int) -> None:
    found = effects.percentage(complete, total)
    assert (found, type(found)) == (percent, int)


def test_beyond_32_bits_a_percentage_is_at_most_100_and_not_what_javascript_wraps_it_to() -> None:
    assert effects.percentage(30_000_000, 1) == 100


def test_progress_without_data_is_a_percentage() -> None:
    percent, said = effects.progress(7, 1, 3, None, NOW, None)
    assert percent == 33
    assert said == (
        *("set", "progress", 33),
        *("set", "updated_at", NOW),
        *("touch", "", ""),
        *("publish", b'{"id":7,"event":"progress","args":["progress",33,null]}', ""),
    )


@pytest.mark.parametrize("data", [0, "", False, [], {}])
def test_progress_data_may_be_anything_but_none(data: Any) -> None:
    _, said = effects.progress(7, 1, 2, data, NOW, None)
    assert said[3:5] == ("set", "progress_data")


def test_progress_data_that_json_cannot_hold_is_refused_by_path() -> None:
    with pytest.raises(InvalidJobData, match=r"^progress data\.a\[0\]: is nan"):
        effects.progress(7, 1, 2, {"a": [NAN]}, NOW, None)
    _, said = effects.progress(7, 1, 2, {1, 2}, NOW, sorted)
    assert said[3:6] == ("set", "progress_data", b"[1,2]")


@pytest.mark.parametrize(("value", "written"), [("x", b"x"), ("", b""), ("\ud83d", b"\\ud83d"), (5, 5), (1.5, 1.5)])
def test_set_writes_a_field(value: Any, written: Any) -> None:
    assert effects.set_field("page", value) == ("set", b"page", written)


def test_an_event_is_sent_and_the_last_result_is_kept() -> None:
    message = b'{"id":7,"event":"result","args":["result",{"n":1}]}'
    assert effects.send(7, "result", {"n": 1}, None, keep=False) == ("publish", message, "")
    kept = effects.send(7, "result", {"n": 1}, None, keep=True)
    assert kept == ("set", "py_sent", b'{"n":1}', "publish", message, "")
    with pytest.raises(InvalidJobData, match=r"^result data\.n: is inf"):
        effects.send(7, "result", {"n": INFINITY}, None, keep=True)


def test_data_that_is_too_large_for_an_event_is_left_out_if_the_hash_keeps_it() -> None:
    large, written = "x" * 4_000_000, b'"%s"' % (b"x" * 4_000_000)
    tail = b'],"created_at":5,"cut":true}'
    _, said = effects.progress(7, 1, 2, large, NOW, None, 5)
    assert said[3:6] == ("set", "progress_data", written)
    assert said[-2] == b'{"id":7,"event":"progress","args":["progress",50,null' + tail
    kept = effects.send(7, "result", large, None, keep=True, created_at=5)
    message = b'{"id":7,"event":"result","args":["result",null' + tail
    assert kept == ("set", "py_sent", written, "publish", message, "")
    with pytest.raises(InvalidJobData, match=r"^page data: is 4000002 bytes as JSON"):
        effects.send(7, "page", large, None, keep=False)
    fits = large[:-2]
    assert b"cut" not in effects.send(7, "result", fits, None, keep=True)[4]  # type: ignore[operator]
    assert effects.send(7, "page", fits, None, keep=False)[0] == "publish"


def test_an_error_is_a_field_a_line_and_an_event() -> None:
    assert effects.error(7, 'Error: "boom"\n at x', 'Error: "boom"', NOW) == (
        *("set", "error", b'Error: "boom"\n at x'),
        *("log", b'Error: "boom"', ""),
        *("set", "updated_at", NOW),
        *("publish", b'{"id":7,"event":"error","args":["error","Error: \\"boom\\"\\n at x"]}', ""),
    )
