"""JSON is shown as it is stored: keys in order, numbers digit for digit, long parts folded, and secrets hidden."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kue.common import strict_json
from kue.web.json_tree import FOLDED_CHARACTERS, FOLDED_ITEMS, MAX_STEPS, Step, Tree, read_tree
from kue.web.security.redaction import Redaction

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def tree(text: str) -> Tree:
    return read_tree(text, Redaction().hides)


def leaves(text: str) -> list[str]:
    return [step.key + step.text for step in tree(text).steps if step.kind not in ("open", "close")]


def opened(text: str) -> list[bool]:
    return [step.is_open for step in tree(text).steps if step.kind == "open"]


def test_keys_keep_their_order_and_may_come_twice() -> None:
    assert leaves('{"b":1,"a":2,"b":3}') == ['"b"1', '"a"2', '"b"3']


def test_numbers_are_shown_digit_for_digit() -> None:
    written = ["12345678901234567890123", "1.10", "-0", "1e5", "0.1000000000000000055511151231257827"]
    assert leaves(f"[{','.join(written)}]") == written
    assert tree(f"[{','.join(written)}]").written("", {}, strict_json.dumps).split() == [
        "[",
        *(number + "," for number in written[:-1]),
        written[-1],
        "]",
    ]


def test_every_step_says_whether_something_follows() -> None:
    assert tree('{"a":[1,"x"],"b":{}}').steps == [
        Step("open", "{", size="2 keys", is_open=True),
        Step("open", "[", '"a"', "2 items", is_open=True),
        Step("number", "1", comma=True),
        Step("string", '"x"'),
        Step("close", "]", comma=True),
        Step("word", "{}", '"b"'),
        Step("close", "}"),
    ]


def test_the_first_three_levels_are_open() -> None:
    assert opened('{"a":{"b":{"c":{"d":1}}}}') == [True, True, True, False]


def test_a_long_list_and_a_long_string_are_folded_with_their_size() -> None:
    assert opened(json.dumps([0] * FOLDED_ITEMS)) == [True]
    first = tree(json.dumps([0] * (FOLDED_ITEMS + 1))).steps[0]
    assert (first.is_open, first.size) == (False, "51 items")
    [short] = tree(json.dumps("é" * FOLDED_CHARACTERS)).steps
    [long] = tree(json.dumps("é" * (FOLDED_CHARACTERS + 1))).steps
    assert (short.kind, long.kind, long.size) == ("string", "long", "501 characters")
    assert long.text.startswith(long.start)
    assert len(long.start) < 100


def test_the_values_of_secrets_are_hidden_whatever_they_are() -> None:
    found = tree('{"to":"ana","apiKey":[1,2],"x":{"Pass\\u0057ord":"hunter2"}}')
    assert [step.kind for step in found.steps] == ["open", "string", "hidden", "open", "hidden", "close", "close"]
    assert found.text == '{"to":"ana","apiKey":"hidden","x":{"PassWord":"hidden"}}'
    assert found.hides


def test_without_secrets_the_text_to_be_copied_is_the_stored_one() -> None:
    stored = ' { "a" : 1.0e0 , "b" : "\\u00e9" } '
    assert (tree(stored).text, tree(stored).hides) == (stored, False)


def test_of_very_many_values_the_first_are_shown_and_every_bracket_is_closed() -> None:
    found = tree(json.dumps([[1] * MAX_STEPS, [2] * 10, {"a": 3}])).steps
    assert len(found) < MAX_STEPS + 10
    assert [step.text for step in found if step.kind == "rest"] == ["2 more not shown", "2 more not shown"]
    assert sum(step.kind == "open" for step in found) == sum(step.kind == "close" for step in found)


@pytest.mark.parametrize("text", ["", "{", "NaN", "[1,]", "{'a':1}", "[" * 100_000, '"\x00"', "1 2"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        tree(text)


def test_what_is_nested_very_deeply_is_hidden_as_in_the_api() -> None:
    text = "[" * 150 + "]" * 150
    assert (tree(text).text, tree(text).steps[100].text) == (text, "nested more than 100 deep")
    assert json.loads(tree("[" * 250 + "1" + "]" * 250).text) is not None
    assert tree("[" * 250 + "1" + "]" * 250).hides


def test_half_a_surrogate_pair_is_escaped() -> None:
    found = tree('{"token":1,"a":"\\ud800"}')
    assert found.text.encode() == b'{"token":"hidden","a":"\\ud800"}'


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_what_is_written_is_the_same_value(value: object) -> None:
    found = read_tree(json.dumps(value), lambda key: False)
    assert json.loads(found.written("  ", {}, strict_json.dumps)) == value
    assert json.loads(found.text) == value
    assert sum(step.kind == "open" for step in found.steps) == sum(step.kind == "close" for step in found.steps)
