"""The script `ids_by_age`, and `Pages.by_age`, which asks it for the newest or the oldest jobs of a set."""

import random
from typing import Any

import pytest

from kue.store.pages import Pages
from kue.store.pages import Place as Member
from tests.helpers import keyspace
from tests.store.conftest import Place
from tests.store.world import zid

ORDERS = ("newest", "oldest")
SETS = [("", "", "q:jobs"), ("failed", "", "q:jobs:failed"), ("failed", "a:b", "q:jobs:a:b:failed")]


def fill(place: Place, scores: dict[int, float], key: str = "q:jobs:failed") -> None:
    place.seed({key: {zid(id): float(score) for id, score in scores.items()}})


def by_age(scores: dict[int, float], order: str) -> list[int]:
    return sorted(scores, reverse=order == "newest")


def asked(
    place: Place, order: str, most: int, state: str, type: str = "", last: int | None = None, passed_over: int = 0
) -> Any:
    """The ids that `by_age` gives, and the total."""
    behind = None if last is None else Member(zid(last).encode())
    found = Pages(place.store).by_age(order, most, state, type, behind, passed_over)
    assert found is not None
    return [member.id for member in found[0]], found[1]


def drawn(count: int, seed: int, priorities: int = 8) -> dict[int, float]:
    chance = random.Random(seed)
    ids = chance.sample(range(1, 20 * count + 10), count)
    return {id: float(chance.randrange(-priorities, 0)) for id in ids}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("state", "type", "key"), SETS)
@pytest.mark.parametrize("count", [0, 1, 7, 400])
def test_all_priorities_are_merged_by_id(place: Place, order: str, state: str, type: str, key: str, count: int) -> None:
    scores = drawn(count, count)
    if scores:
        fill(place, scores, key)
    assert asked(place, order, 1000, state, type) == (by_age(scores, order), count)
    assert asked(place, order, 5, state, type) == (by_age(scores, order)[:5], count)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [1, 7, 100])
def test_page_after_page_gives_each_job_once(place: Place, order: str, size: int) -> None:
    scores = drawn(160, size)
    fill(place, scores)
    found: list[int] = []
    while page := asked(place, order, size, "failed", "", found[-1] if found else None)[0]:
        found += page
    assert found == by_age(scores, order)


@pytest.mark.parametrize("order", ORDERS)
def test_it_goes_on_behind_a_job_that_has_left(place: Place, order: str) -> None:
    scores = drawn(50, 3)
    fill(place, scores)
    gone = by_age(scores, order)[20]
    place.client.zrem(place.keys.state("failed"), zid(gone))
    rest = [id for id in by_age(scores, order)[21:]]
    assert asked(place, order, 100, "failed", "", gone) == (rest, 49)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("priorities", [1, 2, 8, 32])
@pytest.mark.parametrize("last", [None, 60])
def test_any_number_of_jobs_is_passed_over(place: Place, order: str, priorities: int, last: int | None) -> None:
    scores = drawn(150, priorities, priorities)
    fill(place, scores)
    ids = by_age(scores, order)
    behind = None if last is None else ids[last - 1]
    for passed_over in (0, 1, 2, 30, 64, 88, 89, 90, 91, 149, 150, 151, 10_000):
        expected = ids[(last or 0) + passed_over :][:7]
        assert asked(place, order, 7, "failed", "", behind, passed_over) == (expected, 150), passed_over


@pytest.mark.parametrize(("priorities", "merged"), [(32, True), (33, False)])
def test_a_set_with_too_many_priorities_is_refused(place: Place, priorities: int, merged: bool) -> None:
    fill(place, {id: float(id) for id in range(1, priorities + 1)})
    found = Pages(place.store).by_age("newest", 10, "failed")
    assert (found is not None) is merged


def test_it_writes_nothing(place: Place) -> None:
    fill(place, drawn(30, 1))
    before = keyspace(place.client)
    Pages(place.store).by_age("newest", 10, "failed")
    assert keyspace(place.client) == before
