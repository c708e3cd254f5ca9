"""The script `ids_after`, and `Store.each_id`, which asks it for page after page."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from kue.errors import RedisRefused
from tests.store.conftest import Place
from tests.store.world import NO_ZIDS, zid

STATE = "inactive"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kue.store.queries._IDS_PER_PAGE", 10)


def fill(place: Place, scores: dict[int, float], key: str = "q:jobs:inactive") -> None:
    place.seed({key: {zid(id): float(score) for id, score in scores.items()}})


def in_order(scores: dict[int, float]) -> list[int]:
    return sorted(scores, key=lambda id: (scores[id], zid(id)))


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 57])
def test_all_ids_come_in_the_order_of_the_set(place: Place, count: int) -> None:
    chance = random.Random(count)
    scores = {
        id: chance.choice([-15.5, -10, 0, 0, 0, 1e15, float("inf"), float("-inf")]) for id in range(95, 95 + count)
    }
    if scores:
        fill(place, scores)
    assert list(place.store.each_id(STATE)) == in_order(scores)


def test_the_ids_of_one_type_come_from_its_own_set(place: Place) -> None:
    fill(place, dict.fromkeys(range(1, 31), 0.0))
    fill(place, dict.fromkeys(range(5, 26), 0.0), 'q:jobs:a:b "c":inactive')
    assert list(place.store.each_id(STATE, 'a:b "c"')) == list(range(5, 26))


def test_members_that_are_no_zids_are_left_out_and_in_the_way_of_none(place: Place) -> None:
    fill(place, dict.fromkeys(range(1, 31), 0.0))
    place.client.zadd(place.keys.state(STATE), dict.fromkeys([*NO_ZIDS[:1], "~", "é", "00|0", "02|15x"], 0.0))
    assert [id for id in place.store.each_id(STATE) if id] == list(range(1, 31))


def leave_behind(place: Place, seen: list[int]) -> None:
    """The last job that was seen leaves, and all before it."""
    place.client.zrem(place.keys.state(STATE), *map(zid, seen))


def leave_at_random(place: Place, seen: list[int]) -> None:
    chance = random.Random(len(seen))
    place.client.zrem(place.keys.state(STATE), *(zid(2 * chance.randrange(1, 60)) for _ in range(15)))


def enter_everywhere(place: Place, seen: list[int]) -> None:
    chance = random.Random(len(seen))
    place.client.zadd(
        place.keys.state(STATE), {zid(chance.randrange(1000, 99_999)): chance.choice([-9, 0, 5]) for _ in range(20)}
    )


@pytest.mark.parametrize("change", [leave_behind, leave_at_random, enter_everywhere])
def test_a_job_that_stays_comes_exactly_once_and_in_order_whatever_else_comes_and_goes(
    place: Place, change: Callable[[Place, list[int]], None]
) -> None:
    scores = {id: float(id % 3 - 1) for id in range(1, 121)}
    fill(place, scores)
    seen: list[int] = []
    for id in place.store.each_id(STATE):
        seen.append(id)
        if len(seen) % 10 == 0:
            change(place, seen)
        assert len(seen) < 2000
    assert len(seen) == len(set(seen))
    stayed = [id for id in in_order(scores) if id % 2 or change is not leave_at_random]
    assert [id for id in seen if id in set(stayed)] == stayed


def test_the_set_may_be_gone_before_the_last_page(place: Place) -> None:
    fill(place, dict.fromkeys(range(1, 31), 0.0))
    ids = place.store.each_id(STATE)
    first = next(ids)
    place.client.delete(place.keys.state(STATE))
    assert [first, *ids] == list(range(1, 11))


def test_a_page_is_asked_for_when_it_is_needed(place: Place) -> None:
    fill(place, dict.fromkeys(range(1, 31), 0.0))
    asked: list[tuple[Any, ...]] = []
    build = place.store.commands.ids_after

    def noted(*arguments: Any) -> Any:
        asked.append(arguments)
        return build(*arguments)

    place.store.commands.ids_after = noted  # type: ignore[method-assign]
    ids = place.store.each_id(STATE)
    assert asked == []
    assert [next(ids) for _ in range(10)] == list(range(1, 11)) and len(asked) == 1
    assert next(ids) == 11
    assert asked == [(STATE, "", 10, b"", b""), (STATE, "", 10, b"0", b"02|10")]


def test_nothing_is_written(place: Place) -> None:
    fill(place, dict.fromkeys(range(1, 31), 0.0))
    before = place.world()
    list(place.store.each_id(STATE))
    assert place.world() == before and place.messages() == []


def test_a_set_of_the_wrong_kind_is_refused(place: Place) -> None:
    place.seed({"q:jobs:inactive": "poison"})
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        list(place.store.each_id(STATE))
