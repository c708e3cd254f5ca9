"""Stems and codes of single words: the 7,000 of tests/search/words.tsv, written by real natural, and some by hand."""

import pytest

from kue.search.sound_codes import sound_code
from kue.search.stems import measure, stem
from kue.search.stop_words import STOP_WORDS
from tests.unit.search_words import WORDS


def test_every_word_has_the_stem_that_natural_gives_it() -> None:
    assert len(WORDS) == 7000
    assert [row for row in WORDS if stem(row.word) != row.stem] == []


def test_every_stem_has_the_code_that_natural_gives_it() -> None:
    assert [row for row in WORDS if sound_code(row.stem) != row.code] == []


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Running", "run"),
        ("ES", "ES"),  # too short to be touched
        ("IES", "i"),
        ("flyover", "flyov"),
        ("terribly", "terribl"),
        ("ecology", "ecolog"),
        ("parliament", "parliament"),
        ("flies", "fli"),
        ("Q10s", "q10"),
    ],
)
def test_a_stem_is_porter_s_but_for_what_natural_changes(word: str, expected: str) -> None:
    assert stem(word) == expected


@pytest.mark.parametrize(
    ("part", "groups"),
    [("", 0), ("tr", 0), ("ee", 0), ("trouble", 1), ("by", 0), ("say", 1), ("bya", 0.5), ("flyover", 2.5)],
)
def test_a_measure_counts_a_y_after_a_consonant_as_a_group(part: str, groups: float) -> None:
    assert measure(part) == groups


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("hello", "HL"),
        ("knight", "NT"),
        ("Wright", "RT"),
        ("school", "SKHL"),
        ("church", "SHRKSH"),
        ("thoth", "0TH"),  # only the first `th`
        ("geese", "JS"),
        ("gege", "JK"),  # two places share the `e`
        ("zigzag", "SKZK"),  # only the first `z`
        ("yy", ""),
        ("a_1", "A_1"),
    ],
)
def test_a_code_is_metaphone_s_but_for_what_natural_changes(word: str, code: str) -> None:
    assert sound_code(word) == code


def test_the_145_stop_words_are_lower_case() -> None:
    assert len(STOP_WORDS) == 145
    assert [word for word in STOP_WORDS if word != word.lower()] == []
    assert {"the", "which", "a", "z", "0", "9", "_"} <= STOP_WORDS
    assert not {"The", "10", "she", "not", "this_"} & STOP_WORDS
