"""The words of a job leave the index with it, by whatever script it goes."""

from collections.abc import Callable
from typing import Any

import pytest

from kue.connection.connection import Command
from kue.store.purging import NO_TURN
from kue.store.transitions import Failure, Retry, completion
from tests.store.conftest import Place
from tests.store.words import indexed, many
from tests.store.world import NOW, PYTHON, World, gone, job, without, world

HELD: dict[str, Any] = {"workerId": PYTHON}
BOOM = Failure("boom", "boom", "boom")
OTHER = indexed(2, HL=1)
WAYS: dict[str, tuple[World, Callable[[Place], Command]]] = {
    "remove": (job(1, "failed"), lambda place: place.scripts.remove(1)),
    "remove_on_complete": (
        job(1, "active", removeOnComplete="true", **HELD),
        lambda place: place.scripts.complete(NOW, completion(1, PYTHON, 5, b"1")),
    ),
    "remove_on_fail": (
        job(1, "active", py_remove_on_fail="true", **HELD),
        lambda place: place.scripts.fail(1, PYTHON, "email", NOW, BOOM, Retry("failed")),
    ),
    "remove_all": (job(1, "failed"), lambda place: place.bulk.remove_jobs([1], "failed", "", NOW)),
    "purge, old": (
        job(1, "complete"),
        lambda place: place.purging.purge_old(NO_TURN, "email", "complete", 0, NOW, NOW),
    ),
    "purge, surplus": (
        job(1, "complete"),
        lambda place: place.purging.purge_surplus(NO_TURN, "email", "complete", 0, NOW, NOW),
    ),
    "take, of a job without a type": (
        without(job(1), "q:job:1/type"),
        lambda place: place.scripts.take("email", 1, 0, "kue:host:77-beef0001:email:", 3, NOW),
    ),
    "drop_broken": (without(job(1), "q:job:1/type"), lambda place: place.scripts.drop_broken(1, ["email"])),
}
each_way = pytest.mark.parametrize("way", WAYS)


def run(place: Place, way: str, words: World) -> World:
    """What is left of the index and of its duty."""
    before, command = WAYS[way]
    place.seed(world(before, words))
    place.run(command(place))
    after = place.world()
    assert "q:job:1" not in after
    return {key: value for key, value in after.items() if ":search:" in key or key == "q:py:unindex"}


@each_way
def test_all_words_leave_with_the_job_and_those_of_others_stay(place: Place, way: str) -> None:
    assert run(place, way, world(OTHER, indexed(1, HL=2, MN=1, **{"": 1}))) == OTHER


@each_way
def test_more_than_a_thousand_words_are_left_to_a_duty(place: Place, way: str) -> None:
    words = indexed(1, **many(1001))
    assert run(place, way, words) == world(words, {"q:py:unindex": {"1"}})


@pytest.mark.parametrize("way", ["remove", "remove_on_complete", "purge, old", "drop_broken"])
@pytest.mark.parametrize("key", ["q:search:object:1", "q:search:word:HL", "q:py:unindex"])
def test_a_key_of_another_kind_holds_up_no_removal(place: Place, way: str, key: str) -> None:
    words = indexed(1, HL=1) if key != "q:py:unindex" else indexed(1, **many(1001))
    left = run(place, way, {**words, key: "poison"})
    assert (
        left
        == {
            "q:search:object:1": {"q:search:word:HL": {"1": 1.0}, key: "poison"},
            "q:search:word:HL": {key: "poison"},
            "q:py:unindex": {**words, key: "poison"},
        }[key]
    )


def test_a_script_takes_a_thousand_words_away_in_all(place: Place) -> None:
    codes = many(300)
    before = world(*(job(n, "failed") for n in range(1, 6)), *(indexed(n, **codes) for n in range(1, 6)))
    place.seed(before)
    place.run(place.bulk.remove_jobs([1, 2, 3, 4, 5], "failed", "", NOW))
    left = world(indexed(4, **codes), indexed(5, **codes), {"q:py:unindex": {"4", "5"}})
    assert place.world() == world(gone(), left)
