"""The order of JavaScript's keys, paths as lodash reads them, and texts of values as Kue indexes them."""

from typing import Any

import pytest

from kue.search.javascript import MISSING, in_key_order, text_of, value_at

DATA: Any = {
    "a": {"b": ["zero", {"c": "deep"}], "": "empty", "x.y": "quoted", 'q"': "escaped"},
    "a.c": "whole",
    "": "nameless",
    "face": "\U0001f600x",
    "none": None,
}


def test_array_indices_go_first_by_number() -> None:
    names = ["b", "10", "9", "010", "-1", "4294967295", "4294967294", "a", "0", "\u0663", "1" * 5000]
    assert in_key_order(names) == [
        "0", "9", "10", "4294967294", "b", "010", "-1", "4294967295", "a", "\u0663", "1" * 5000
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b.0", "zero"),
        ("a.b[0]", "zero"),
        ("[a].b[1].c", "deep"),
        ("a.b.1['c']", "deep"),
        ('["a"]["x.y"]', "quoted"),
        ('a["q\\""]', "escaped"),
        ("a.", "empty"),
        ("a[]", "empty"),
        ("a.b[", ["zero", {"c": "deep"}]),
        ("a.c", "whole"),
        ("", "nameless"),
        ("a.b.length", 2),
        ("face.length", 3),
        ("face.2", "x"),
        ("face.0", "\ud83d"),
        ("none", None),
        ("none.x", MISSING),
        ("a.b.2", MISSING),
        ("a.b.00", MISSING),
        ("a.b[-1]", MISSING),
        (".a", MISSING),
        ("a..b", MISSING),
        ("[.]", MISSING),
        ("constructor", MISSING),
        ("a.b.map", MISSING),
    ],
)
def test_a_path_names_what_lodash_finds(path: str, value: Any) -> None:
    assert value_at(DATA, path) == value


def test_a_path_into_a_value_without_parts_names_nothing() -> None:
    assert [value_at(value, "a") for value in (5, 1.5, True, None, "text", ["text"])] == [MISSING] * 6


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a \U0001f600\n", "a \U0001f600\n"),
        (MISSING, "undefined"),
        (None, "null"),
        (True, "true"),
        (12, "12"),
        (1.0, "1"),
        (-0.5, "-0.5"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (-2.5e300, "-2.5e+300"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (12345678901234567890, "12345678901234567000"),
        (10**400, "null"),
        (["a b", 1, []], '"a b" 1'),
        (["a\nb", "\ud83d"], r'"a\nb" "\ud83d"'),
        ({"b": 1, "10": {"c": None}, "9": "x"}, '"9" "x" "10" "c" null "b" 1'),
        ({}, ""),
    ],
)
def test_a_value_has_the_words_of_the_json_that_node_writes(value: Any, text: str) -> None:
    assert text_of(value) == text


def test_a_value_may_be_nested_more_deeply_than_python_calls() -> None:
    value: Any = "deep"
    for _ in range(100_000):
        value = [value]
    assert text_of(value) == '"deep"'
    while isinstance(value, list):  # freed level by level
        value = value.pop()
