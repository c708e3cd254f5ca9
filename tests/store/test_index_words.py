"""The script `index_words`: one step of the indexing of a job, as long as its hash has the token."""

import pytest

from kue.connection.connection import Command
from kue.errors import RedisRefused
from kue.store.indexing import IndexingCommands
from tests.store.conftest import Place
from tests.store.words import indexed
from tests.store.world import World, job, world

MARKED = job(1, py_reindex="token")


def index(place: Place, *words: str | int, last: bool = False) -> Command:
    return IndexingCommands(place.keys).index_words(1, "token", words, is_last=last)


def test_words_enter_and_leave_in_both_directions(place: Place) -> None:
    other = indexed(2, HL=1, MN=1)
    place.seed(world(MARKED, other, indexed(1, HL=1, MN=3, OLD=1)))
    after = world(MARKED, other, indexed(1, HL=4, MN=3, NEW=1))
    place.check(index(place, "HL", 4, "OLD", "", "NEW", 1), reply=1, after=after)


def test_the_last_step_takes_the_token_away(place: Place) -> None:
    place.seed(world(MARKED, indexed(1, HL=1)))
    place.check(index(place, "HL", "", last=True), reply=1, after=job(1))


def test_an_indexing_may_have_no_words_at_all(place: Place) -> None:
    place.seed(MARKED)
    place.check(index(place, last=True), reply=1, after=job(1))


ENDED = {"another indexing": job(1, py_reindex="other"), "no indexing": job(1), "no job": {}}


@pytest.mark.parametrize("before", ENDED.values(), ids=ENDED)
def test_nothing_is_written_once_the_indexing_has_ended(place: Place, before: World) -> None:
    place.seed(before)
    place.check(index(place, "HL", 1, last=True), reply=0, after=before)


@pytest.mark.parametrize("key", ["q:search:word:HL", "q:search:object:1", "q:job:1"])
def test_a_key_of_another_kind_is_refused_and_nothing_is_written(place: Place, key: str) -> None:
    place.seed(before := {**MARKED, key: ["poison"]})
    with pytest.raises(RedisRefused, match=f"WRONGTYPE.*{key.partition(':')[2] if ':search:' in key else ''}$"):
        place.run(index(place, "MN", 1, "HL", 1, last=True))
    assert place.world() == before
