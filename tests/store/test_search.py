"""The script `search`, and `SearchIndex`, which asks it for the jobs that have some words."""

import random

import pytest

from kue.errors import InvalidOption, RedisRefused
from kue.store.search import Matches, SearchIndex, id_of
from tests.helpers import keyspace
from tests.servers import offered
from tests.store.conftest import Place
from tests.store.test_read_only import read_only

CODES = ("HL", "WRLT", "0", "")


def fill(place: Place, index: dict[str, dict[str, float]]) -> None:
    place.seed({f"q:search:word:{code}": holders for code, holders in index.items() if holders})


def expected(index: dict[str, dict[str, float]], codes: tuple[str, ...], any: bool) -> list[str]:
    """The ids by falling score, then by falling text."""
    holders = [set(index.get(code, {})) for code in codes]
    ids = set.union(*holders) if any else set.intersection(*holders)
    scores = {id: sum(index[code].get(id, 0) for code in codes if code in index) for id in ids}
    return sorted(ids, key=lambda id: (scores[id], id), reverse=True)


@pytest.mark.parametrize("any", [False, True])
def test_jobs_come_by_how_often_they_have_the_words(place: Place, any: bool) -> None:
    chance = random.Random(7)
    index = {code: {str(id): float(chance.randint(1, 4)) for id in chance.sample(range(1, 90), 50)} for code in CODES}
    fill(place, index)
    search = SearchIndex(place.store)
    for codes in (("HL",), ("HL", "WRLT"), ("0", "HL", ""), ("HL", "NN"), ("NN",), CODES):
        found = expected(index, codes, any)
        assert search.find(codes, any=any, first=0, most=1000) == Matches(found, len(found)), codes
        for first in (0, 3, len(found) - 1, len(found), 500):
            page = search.find(codes, any=any, first=max(0, first), most=4)
            assert page == Matches(found[max(0, first) :][:4], len(found)), (codes, first)


def test_no_codes_find_nothing_and_ask_nothing(place: Place) -> None:
    fill(place, {"": {"1": 1.0}})
    place.connections.close()
    assert SearchIndex(place.store).find([], any=True, first=0, most=10) == Matches([], 0)


@pytest.mark.parametrize("codes", [("HL",), ("WRLT", "HL")])
@pytest.mark.parametrize("any", [False, True])
@pytest.mark.parametrize("value", ["text", {"1"}, {"1": "a"}, ["1"]], ids=["string", "set", "hash", "list"])
def test_a_key_of_the_wrong_kind_is_named(place: Place, codes: tuple[str, ...], any: bool, value: object) -> None:
    place.seed({"q:search:word:HL": value, "q:search:word:WRLT": {"1": 1.0}})
    with pytest.raises(RedisRefused, match=f"wrong kind of value: {place.keys.search_word('HL')}$"):
        SearchIndex(place.store).find(codes, any=any, first=0, most=10)


@pytest.mark.parametrize("backend", ["redis"], indirect=True)
def test_so_many_jobs_that_others_would_wait_are_not_compared(place: Place) -> None:
    add = "for id = 1, ARGV[1] do redis.call('ZADD', KEYS[1], 1, id) end"
    sizes = {"A": 200_000, "B": 200_001, "C": 200_001}
    for code, size in sizes.items():
        place.client.eval(add, 1, place.keys.search_word(code), size)
    search = SearchIndex(place.store)
    for codes, any, words in (
        (("B", "C"), False, "each of these words is in"),
        (("A", "B"), True, "these words are in"),
    ):
        with pytest.raises(InvalidOption, match=f"^{words} more than 200,000 jobs"):
            search.find(codes, any=any, first=0, most=10)
    assert search.find(["B"], any=False, first=0, most=1) == Matches(["99999"], 200_001)
    assert search.find(["B", "C", "D"], any=False, first=0, most=1) == Matches([], 0)
    assert search.find(["A", "B"], any=False, first=0, most=1) == Matches(["99999"], 200_000)


@pytest.mark.parametrize("backend", offered("redis", "redis62", "valkey"), indirect=True)
def test_a_replica_answers_too(place: Place) -> None:
    fill(place, {"HL": {"1": 1.0, "2": 2.0}, "WRLT": {"1": 3.0}})
    before = keyspace(place.client)
    with read_only(place):
        search = SearchIndex(place.store)
        assert search.find(["HL"], any=False, first=0, most=10).members == ["2", "1"]
        assert search.find(["HL", "WRLT"], any=False, first=0, most=10).members == ["1"]
        assert search.find(["HL", "WRLT"], any=True, first=0, most=10).members == ["1", "2"]
    assert keyspace(place.client) == before


@pytest.mark.parametrize(
    ("member", "id"),
    [
        *(
            ("7", 7),
            ("9223372036854775807", 2**63 - 1),
            ("0", None),
            ("07", None),
            ("-7", None),
            ("", None),
            (" 7", None),
        ),
        *(("7\n", None), ("1" * 20, None), ("\u0667", None), ("01|7", None), ("no id", None)),
    ],
)
def test_a_member_is_an_id_or_none(member: str, id: int | None) -> None:
    assert id_of(member) == id
