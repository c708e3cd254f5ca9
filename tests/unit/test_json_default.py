"""`json_default`: what it replaces, refuses, and is checked for."""

import datetime
from typing import Any

import pytest

from kue.errors import InvalidJobData
from kue.store.codec import encode
from tests.unit.test_codec import INFINITY, NAN, Plain, iso


def test_json_default_replaces_what_json_has_no_word_for_also_in_what_it_gives() -> None:
    value = {"a": [datetime.date(2024, 5, 6)], "b": Plain()}
    assert encode(value, "data", iso) == b'{"a":["2024-05-06"],"b":{"when":"2024-05-06","rows":[1,3]}}'
    assert encode({2, 1}, "data", iso) == b"[1,2]"


def test_what_json_default_refuses_is_refused_with_its_reason() -> None:
    with pytest.raises(InvalidJobData) as refused:
        encode({"a": [1j]}, "data", iso)
    assert refused.value.path == "data.a[0]"
    assert str(refused.value) == "data.a[0]: is a complex that json_default refused (no word for complex)"
    assert isinstance(refused.value.__cause__, TypeError)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (NAN, "data.a: is nan, which JSON does not have"),
        ({"x": INFINITY}, "data.a.x: is inf, which JSON does not have"),
        ({1: 2}, "data.a: has the key 1, and JSON keys are strings only"),
    ],
)
def test_what_json_default_gives_is_checked_as_well(given: Any, problem: str) -> None:
    with pytest.raises(InvalidJobData) as refused:
        encode({"a": Plain()}, "data", lambda value: given)
    assert str(refused.value) == problem


@pytest.mark.parametrize("default", [lambda value: value, lambda value: [value]], ids=["itself", "around itself"])
def test_a_json_default_that_leads_nowhere_is_refused(default: Any) -> None:
    with pytest.raises(InvalidJobData, match=r"^data\.a(\[0\])?: contains itself$"):
        encode({"a": Plain()}, "data", default)


def test_a_json_default_that_never_ends_is_refused() -> None:
    with pytest.raises(InvalidJobData, match="nested too deeply"):
        encode(Plain(), "data", lambda value: [Plain()])


def test_json_default_is_not_asked_for_what_json_can_hold() -> None:
    asked: list[Any] = []
    encode({"a": [1, "x", None, True, 1.5, (2,)]}, "data", asked.append)
    assert asked == []


def test_json_default_leaves_the_value_as_it_was() -> None:
    value = {"a": {1, 2}, "b": [datetime.date(2024, 5, 6)]}
    encode(value, "data", iso)
    assert value == {"a": {1, 2}, "b": [datetime.date(2024, 5, 6)]}


# reading
