"""The script `save_indexed`: a new job as `save` and `save_unique` have it, and its words in both directions."""

from typing import Any

import pytest

from kue.connection.connection import Command
from kue.errors import RedisRefused
from kue.options.unique import Unique
from kue.store.indexed_job import IndexedJob, JobWords
from kue.store.transitions import new_job
from kue.store.unique_job import unique_job
from tests.store.conftest import Place
from tests.store.words import indexed, many
from tests.store.world import BEFORE, World, job, world

HELD = {"q:unique:jobs": {"order:7": "1"}}
EVENT = [(1, "enqueue", "email")]


def save(place: Place, codes: dict[str, int], unique: Unique | None = None, search_keys: str = "") -> Command:
    words = JobWords("token", search_keys.encode(), codes)
    others = [*words.fields, *(["py_unique", unique.key] if unique else [])]
    plain = new_job("email", b'{"to":"ada"}', BEFORE, others=others)
    new = plain if unique is None else unique_job(unique, plain)
    return place.scripts.save_indexed(IndexedJob(new[0], new, words).arguments)


def saved(**fields: Any) -> World:
    return world(job(1, data='{"to":"ada"}', **fields), {"q:ids": "1"})


def test_the_words_of_a_job_are_in_the_index_with_it(place: Place) -> None:
    others = world(indexed(9, HL=5), indexed(10, HL=1, MN=2))
    place.seed(others)
    place.check(
        save(place, {"HL": 2, "": 1}),
        reply=[1],
        after=world(others, saved(), indexed(1, HL=2, **{"": 1})),
        events=EVENT,
    )


def test_a_job_without_words_is_in_no_index(place: Place) -> None:
    place.check(save(place, {}), reply=[1], after=saved(), events=EVENT)


def test_of_very_many_words_a_thousand_are_saved_and_the_hash_tells_of_the_rest(place: Place) -> None:
    marks = {"py_reindex": "token", "py_search_keys": '["to"]'}
    after = world(saved(**marks), indexed(1, **many(1000)))
    place.check(save(place, many(1001), search_keys='["to"]'), reply=[1], after=after, events=EVENT)


def test_a_new_unique_job_holds_its_key_and_has_its_words(place: Place) -> None:
    after = world(saved(py_unique="order:7"), HELD, indexed(1, HL=1))
    place.check(save(place, {"HL": 1}, Unique("order:7")), reply=[1], after=after, events=EVENT)


@pytest.mark.parametrize("replace", [False, True])
def test_a_job_that_stands_is_to_be_indexed_anew_only_if_it_got_the_data(place: Place, replace: bool) -> None:
    place.seed(before := world(job(1, py_unique="order:7", py_search_keys='["x"]'), HELD, {"q:ids": "1"}))
    id, _ = place.run(save(place, {"HL": 1}, Unique("order:7", replace=replace)))
    got = {"data": '{"to":"ada"}', "updated_at": str(BEFORE), "py_reindex": "token"}
    hash = {name: value for name, value in before["q:job:1"].items() if not (replace and name == "py_search_keys")}
    assert id == "1"
    assert place.world() == {**before, "q:job:1": {**hash, **got} if replace else hash}


@pytest.mark.parametrize("key", ["q:search:word:HL", "q:search:object:8", "q:jobs", "q:ids"])
@pytest.mark.parametrize("unique", [None, Unique("order:7")], ids=["plain", "unique"])
def test_a_key_of_another_kind_is_refused_and_nothing_is_written(place: Place, key: str, unique: Unique | None) -> None:
    place.seed(before := {"q:ids": "7", key: ["poison"]})
    with pytest.raises(RedisRefused, match=f"WRONGTYPE.*{key.partition(':')[2] if ':search:' in key else ''}$"):
        place.run(save(place, {"MN": 1, "HL": 1}, unique))
    assert place.world() == before
    assert place.messages() == []


def test_no_unique_job_is_saved_where_the_tokens_of_a_type_are(place: Place) -> None:
    place.seed(before := job(1, type="unique") | {"q:ids": "1"})
    place.check(save(place, {"HL": 1}, Unique("order:7")), reply=[0], after=before)
