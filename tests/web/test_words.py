"""How pages write numbers, durations and moments."""

import pytest

from kue.web.words import duration, exact_moment, moment, plural, short_count

NOW = 1_795_000_000_000  # 2026-11-18 11:06:40 UTC


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, "0 ms"),
        (90, "90 ms"),
        (1_900, "1.9 s"),
        (9_949, "9.9 s"),
        (9_950, "10 s"),
        (41_000, "41 s"),
        (59_600, "1 m 00 s"),
        (130_000, "2 m 10 s"),
        (3_599_600, "1 h 00 m"),
        (11_040_000, "3 h 04 m"),
        (187_200_000, "2 d 4 h"),
        (None, "—"),
        (float("nan"), "—"),
        (-1, "—"),
        ("90", "—"),
    ],
)
def test_a_duration_has_its_two_greatest_units(ms: object, words: str) -> None:
    assert duration(ms) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0"),
        (1_284, "1,284"),
        (99_999, "99,999"),
        (100_000, "100 k"),
        (2_418_066, "2.42 M"),
        (99_960_000, "100 M"),
        (True, "—"),
    ],
)
def test_a_great_number_is_cut_to_three_digits(number: object, words: str) -> None:
    assert short_count(number) == words


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (0, "11:06:40"),
        (9 * 3_600_000, "02:06:40"),
        (12 * 3_600_000, "yesterday 23:06"),
        (36 * 3_600_000, "2026-11-16 23:06"),
        (-(2**60), "—"),
    ],
)
def test_a_moment_is_as_exact_as_it_is_near(ago: int, words: str) -> None:
    assert moment(NOW - ago, NOW) == words


def test_the_exact_moment_keeps_its_milliseconds() -> None:
    assert exact_moment(NOW + 7) == "2026-11-18T11:06:40.007Z"
    assert exact_moment("yesterday") == ""


def test_a_noun_follows_its_number() -> None:
    assert [plural(1, "job"), plural(2000, "job"), plural(2, "process", "processes")] == [
        "1 job",
        "2,000 jobs",
        "2 processes",
    ]
