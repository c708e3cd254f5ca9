"""The codes and scores of texts, data and queries, as reds and Kue make them (tests/interop compares with these)."""

import pytest

from kue.search import index
from kue.search.index import index_data, index_text, query_codes


def test_a_text_is_indexed_by_the_codes_of_its_words() -> None:
    assert index_text("hello world emails running") == {"HL": 1, "WRLT": 1, "EML": 1, "RN": 1}


def test_the_words_of_one_stem_are_counted_together() -> None:
    assert index_text("run, Runs; running RUN") == {"RN": 4}


def test_of_words_with_one_code_the_last_one_s_count_stands() -> None:
    assert index_text("cat cat cat kit") == {"KT": 1}
    assert index_text("kit cat cat cat") == {"KT": 3}
    assert index_text("kit cat cat cat kit") == {"KT": 3}  # a key stays where it came first


def test_words_that_are_array_indices_go_first() -> None:
    assert list(index_text("zebra 12 10 4294967295 007 4294967294")) == [
        "10", "12", "4294967294", "SBR", "4294967295", "07"
    ]  # fmt: skip


def test_only_letters_digits_and_underscores_of_ascii_make_a_word() -> None:
    assert list(index_text("caf\u00e9 na\u00efve snake_case \u0661\u0662 \u5b57 don't")) == [
        "KF",
        "N",
        "F",
        "SNK_KS",
        "TN",
    ]


def test_stop_words_are_left_out_as_they_are_written() -> None:
    assert index_text("the who z 7 _") == {}
    assert index_text("The WHO Z") == {"0": 1, "W": 1, "S": 1}


def test_names_that_javascript_objects_inherit_are_words() -> None:
    assert index_text("constructor constructors __proto__ toString") == {"KNSTRKTR": 2, "_PRT_": 1, "TSTR": 1}


def test_a_word_without_a_sound_has_the_empty_code() -> None:
    assert index_text("yy ww yy") == {"": 1}


def test_a_text_without_words_has_no_codes() -> None:
    assert index_text("") == index_text(" - \u00e9") == {}


def test_data_is_indexed_as_the_text_that_is_stored() -> None:
    assert index_data('{"title":"line\\nfeed","n":1e+21}') == {"TTL": 1, "LN": 1, "NFT": 1, "1": 1, "21": 1}


def test_search_keys_choose_what_of_the_data_is_indexed() -> None:
    data = '{"title":"mice","to":{"name":"Bob"},"other":"zebra"}'
    assert index_data(data, ["title", "to.name"]) == {"MS": 1, "BB": 1}
    assert index_data(data, []) == {}


def test_a_later_search_key_overwrites_the_score_of_an_earlier_one() -> None:
    data = '{"a":"run run run","b":"run cat"}'
    assert index_data(data, ["a", "b"]) == {"RN": 1, "KT": 1}
    assert index_data(data, ["b", "a"]) == {"RN": 3, "KT": 1}


def test_a_search_key_that_is_missing_gives_the_word_undefined() -> None:
    assert index_data('{"a":null}', ["b"]) == index_data('"text"', ["a"]) == {"UNTFN": 1}
    assert index_data('{"a":null}', ["a"]) == {"NL": 1}


def test_search_keys_need_data_that_is_json() -> None:
    assert index_data("{mice") == {"MS": 1}
    with pytest.raises(ValueError, match="Expecting"):
        index_data("{mice", ["mice"])


def test_a_query_has_the_codes_of_its_words_each_once_in_their_order() -> None:
    assert query_codes("Zebra and the cats, kit 10 zebra constructor") == ["SBR", "KT", "10", "KNSTRKTR"]
    assert query_codes("the of") == query_codes("") == []


def test_a_long_word_is_indexed_and_leaves_the_cache_alone() -> None:
    before = index._cached_stem.cache_info().misses, index._cached_code.cache_info().misses
    assert index_text("b" * 100_000) == {"B" * 50_000: 1}  # of each pair, one is left
    assert (index._cached_stem.cache_info().misses, index._cached_code.cache_info().misses) == before
