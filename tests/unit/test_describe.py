"""Values and exceptions as error messages quote them."""

from typing import Any

import pytest

from kue.common.describe import cut, describe_error, error_text, short_repr


class Mute:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class NoText:
    def __repr__(self) -> str:
        return 7  # type: ignore[return-value]


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a'b", '"a\'b"'),
        (7, "7"),
        (None, "None"),
        ("x" * 998, repr("x" * 998)),
        ("x" * 999, "'" + "x" * 996 + "..."),
        (10**5000, "a number of too many digits"),
        ([10**5000], "<list whose repr raised ValueError>"),
        (Mute(), "<Mute whose repr raised RuntimeError>"),
        ({"a": Mute()}, "<dict whose repr raised RuntimeError>"),
        (NoText(), "<NoText whose repr raised TypeError>"),
    ],
    ids=range(10),
)
def test_a_value_is_shown_by_its_repr(value: Any, text: str) -> None:
    assert short_repr(value) == text


def test_the_longest_repr_may_be_chosen() -> None:
    assert short_repr("x" * 9, 11) == "'xxxxxxxxx'"
    assert short_repr("x" * 9, 10) == "'xxxxxx..."


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (ValueError("boom"), "ValueError: boom"),
        (KeyError("k"), "KeyError: 'k'"),
        (MuteError(), "MuteError: <MuteError whose str raised RuntimeError>"),
    ],
    ids=range(3),
)
def test_an_exception_is_shown_by_name_and_message(problem: BaseException, text: str) -> None:
    assert describe_error(problem) == text
    assert f"{type(problem).__name__}: {error_text(problem)}" == text


@pytest.mark.parametrize("character", ["x", "\u00e9", "\u2709", "\U0001f680", "\ud800"])
@pytest.mark.parametrize("count", [0, 16, 17, 100, 1000, 5000])
def test_text_is_cut_in_its_middle_and_between_characters(character: str, count: int) -> None:
    text, limit = "<" + character * count + ">", 100
    size = len(text.encode("utf-8", "backslashreplace"))
    short = cut(text, limit)
    if size <= limit:
        assert short == text
        return
    assert limit - 20 < len(short.encode("utf-8", "backslashreplace")) <= limit
    head, _, rest = short.partition(" ... [")
    number, _, tail = rest.partition(" characters left out] ... ")
    assert (head[0], tail[-1]) == ("<", ">")
    assert set(head[1:] + tail[:-1]) == {character}
    assert len(head) + int(number) + len(tail) == len(text)


def test_a_long_exception_is_described_in_short() -> None:
    assert len(describe_error(ValueError("x" * 10_000_000))) <= 4_000
