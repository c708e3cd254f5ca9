"""How pages write numbers, durations and moments. The scripts are tested with the same table: scripts/words.test.js."""

import json
from pathlib import Path
from typing import Any

import pytest

from kue.web.words import duration, exact_count, exact_moment, label, moment, plural, rate, short_count

CASES: dict[str, Any] = json.loads((Path(__file__).parent / "scripts" / "words.json").read_text())
NOW: int = CASES["now"]  # 2026-11-18 11:06:40 UTC


@pytest.mark.parametrize(("ms", "words"), CASES["duration"])
def test_a_duration_has_its_two_greatest_units(ms: object, words: str) -> None:
    assert duration(ms) == words


@pytest.mark.parametrize(("number", "words"), CASES["exactCount"])
def test_the_digits_of_a_number_are_in_groups_of_three(number: object, words: str) -> None:
    assert exact_count(number) == words


@pytest.mark.parametrize(("number", "words"), CASES["shortCount"])
def test_a_great_number_is_cut_to_three_digits(number: object, words: str) -> None:
    assert short_count(number) == words


@pytest.mark.parametrize(("number", "words"), CASES["rate"])
def test_a_rate_below_ten_has_a_decimal(number: object, words: str) -> None:
    assert rate(number) == words


@pytest.mark.parametrize(("ago", "words"), CASES["momentAgo"])
def test_a_moment_is_as_exact_as_it_is_near(ago: int, words: str) -> None:
    assert moment(NOW - ago, NOW) == words


@pytest.mark.parametrize(("ago", "span", "words"), CASES["label"])
def test_a_label_of_a_chart_is_as_exact_as_the_chart_is_short(ago: int, span: int, words: str) -> None:
    assert label(NOW - ago, span) == words


@pytest.mark.parametrize(("number", "noun", "words"), CASES["plural"])
def test_a_noun_follows_its_number(number: int, noun: str, words: str) -> None:
    assert plural(number, noun) == words


def test_a_noun_may_have_an_odd_plural() -> None:
    assert plural(2, "process", "processes") == "2 processes"


def test_what_is_no_finite_number_is_not_known() -> None:
    assert [write(float("nan")) for write in (duration, exact_count, short_count, rate)] == ["—"] * 4


def test_the_exact_moment_keeps_its_milliseconds() -> None:
    assert exact_moment(NOW + 7) == "2026-11-18T11:06:40.007Z"
    assert exact_moment("yesterday") == ""
