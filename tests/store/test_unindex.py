"""The script `unindex`: the words of jobs that are gone leave the index, at most a thousand in a step."""

from kue.store.indexing import IndexingCommands
from tests.store.conftest import Place
from tests.store.words import indexed, many
from tests.store.world import job, world


def test_the_words_of_jobs_that_were_left_for_later_are_taken_away(place: Place) -> None:
    stays = world(job(3), indexed(3, HL=1), indexed(4, HL=1))
    place.seed(world(stays, indexed(1, HL=1, MN=2), {"q:py:unindex": {"1", "2"}}))
    place.check(IndexingCommands(place.keys).unindex(), reply=[0, 2], after=stays)


def test_a_step_takes_a_thousand_words_away(place: Place) -> None:
    place.seed(world(indexed(1, **many(2500)), indexed(2, W1=1), {"q:py:unindex": {"1"}}))
    command = IndexingCommands(place.keys).unindex()
    assert [place.run(command) for _ in range(3)] == [[1, 1000], [1, 1000], [0, 500]]
    assert place.world() == indexed(2, W1=1)


def test_a_step_looks_at_a_hundred_jobs(place: Place) -> None:
    place.seed({"q:py:unindex": {str(n) for n in range(1, 151)}})
    command = IndexingCommands(place.keys).unindex()
    assert [place.run(command) for _ in range(2)] == [[1, 0], [0, 0]]
    assert place.world() == {}


def test_a_job_that_has_the_number_by_now_keeps_its_words(place: Place) -> None:
    place.seed(before := world(job(1), indexed(1, HL=1)))
    place.seed({"q:py:unindex": {"1"}})
    place.check(IndexingCommands(place.keys).unindex(), reply=[0, 0], after=before)


def test_keys_of_another_kind_hold_no_words(place: Place) -> None:
    odd = {"q:search:object:1": ["poison"], "q:search:word:HL": ["poison"]}
    place.seed(world(odd, {"q:search:object:2": {"HL": 1.0, "MN": 1.0}, "q:search:word:MN": {"2": 1.0}}))
    place.seed({"q:py:unindex": {"1", "2"}})
    place.check(IndexingCommands(place.keys).unindex(), reply=[0, 2], after=odd)


def test_the_words_of_one_job_are_taken_away_on_request(place: Place) -> None:
    rest = world(indexed(2, HL=1), {"q:py:unindex": {"2"}})
    place.seed(world(rest, indexed(1, HL=1), {"q:py:unindex": {"1"}}))
    place.check(IndexingCommands(place.keys).unindex(1), reply=[0, 1], after=rest)
    place.check(IndexingCommands(place.keys).unindex(1), reply=[0, 0], after=rest)
