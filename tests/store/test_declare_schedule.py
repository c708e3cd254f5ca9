"""The script `declare_schedule`: a new schedule, one declared again, one that changed, one that was over."""

from typing import Any

import pytest

from kue.connection.connection import Command
from kue.errors import RedisRefused
from tests.store.conftest import Place
from tests.store.schedules import DUE, FIRST, HASH, LIST, NAME, NEVER, NEXT, definition, schedule, shown
from tests.store.world import NOW, World

LAST: dict[str, Any] = {"last_at": 5, "last_job_id": 17, "last_fired_id": 16, "last_triggered_id": 17}
COUNTERS: dict[str, Any] = {"fired": 3, "skipped": 1, **LAST}
PAUSED = {"paused": 1}


def declare(place: Place, due: int | None = NEXT, first: int = NOW, **changes: Any) -> Command:
    return place.schedules.declare_schedule(NAME, due, first, definition(**changes))


def after(place: Place, command: Command) -> World:
    """What is in Redis after it, which must be what the script replied."""
    due, hash = shown(place.run(command))
    world = place.world()
    assert (world[LIST], world[HASH]) == ({NAME: due}, hash)
    assert place.events() == []
    return world


def test_a_new_schedule_is_due_at_the_given_time(place: Place) -> None:
    assert after(place, declare(place)) == schedule(NEXT) | {HASH: schedule()[HASH] | {"first": str(NOW)}}


def test_a_new_schedule_without_a_time_is_over_at_once(place: Place) -> None:
    assert after(place, declare(place, None))[LIST] == {NAME: NEVER}


@pytest.mark.parametrize("due", [DUE, NEVER])
@pytest.mark.parametrize("more", [{}, COUNTERS, PAUSED])
def test_the_same_declaration_changes_nothing(place: Place, due: float, more: dict[str, Any]) -> None:
    place.seed(schedule(due, **more))
    assert after(place, declare(place)) == schedule(due, **more)


def test_another_job_is_taken_over_and_time_and_counters_stay(place: Place) -> None:
    place.seed(schedule(**COUNTERS, **{"job:ttl": 500}))
    changes = {"digest": "d2", "job:data": "[]", "catch_up": "all"}
    assert after(place, declare(place, **changes)) == schedule(**COUNTERS, **changes)


@pytest.mark.parametrize("change", [{"when": 90_000}, {"when": "0 0 * * *"}, {"tz": "Europe/Berlin"}, {"start": NEXT}])
def test_another_time_starts_the_schedule_anew(place: Place, change: dict[str, Any]) -> None:
    place.seed(schedule(**COUNTERS))
    world = after(place, declare(place, **change, digest="d2"))
    assert world == schedule(NEXT, **change, digest="d2") | {
        HASH: schedule(**change, **LAST, digest="d2")[HASH] | {"first": str(NOW)}
    }


def test_a_time_that_had_its_job_is_not_due_again(place: Place) -> None:
    before = schedule(last_at=NEXT, last_job_id=17)
    place.seed(before)
    for due in (NEXT, NEXT - 1):
        place.check(declare(place, due, when=90_000, digest="d2"), reply=str(NEXT), after=before)
    assert after(place, declare(place, NEXT + 1, when=90_000, digest="d2"))[LIST] == {NAME: NEXT + 1}
    place.client.flushall()
    over = schedule(NEVER, times=3, fired=3, last_at=NEXT)
    place.seed(over)
    place.check(declare(place, times=5, digest="d2"), reply=str(NEXT), after=over)


def test_a_paused_interval_keeps_its_first_time(place: Place) -> None:
    place.seed(schedule(NEVER, **PAUSED))
    assert after(place, declare(place, overlap="skip", digest="d2"))[HASH]["first"] == str(FIRST)
    assert after(place, declare(place, when=90_000, digest="d3"))[HASH]["first"] == str(NOW)


@pytest.mark.parametrize("change", [{"job:data": "[]"}, {"when": 90_000}])
def test_a_paused_schedule_stays_paused(place: Place, change: dict[str, Any]) -> None:
    place.seed(schedule(NEVER, **PAUSED))
    world = after(place, declare(place, **change, digest="d2"))
    assert world[LIST] == {NAME: NEVER}
    assert world[HASH]["paused"] == "1"


def test_a_schedule_that_has_an_end_now_is_over_if_that_has_passed(place: Place) -> None:
    for change in ({"times": 3}, {"until": DUE - 1}):
        place.seed(schedule(**COUNTERS))
        assert after(place, declare(place, **change, digest="d2"))[LIST] == {NAME: NEVER}
    place.seed(schedule(**COUNTERS))
    assert after(place, declare(place, until=DUE, times=4, digest="d3"))[LIST] == {NAME: DUE}


def test_a_schedule_that_was_over_goes_on_if_more_jobs_are_allowed(place: Place) -> None:
    place.seed(schedule(NEVER, times=3, **COUNTERS))
    world = after(place, declare(place, times=5, digest="d2"))
    assert world[LIST] == {NAME: NEXT}
    assert (world[HASH]["fired"], world[HASH]["first"]) == ("3", str(NOW))


def test_a_hash_that_is_in_no_zset_gets_its_place_again(place: Place) -> None:
    place.seed({HASH: schedule()[HASH]})
    assert after(place, declare(place))[LIST] == {NAME: NEXT}


@pytest.mark.parametrize("key", [LIST, HASH])
def test_a_key_of_another_kind_is_refused_and_nothing_is_written(place: Place, key: str) -> None:
    before = schedule() | {key: "poison"}
    place.seed(before)
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(declare(place, digest="d2"))
    assert place.world() == before


def test_the_first_time_of_an_interval_stays(place: Place) -> None:
    place.seed(schedule())
    assert after(place, declare(place, overlap="skip", digest="d2"))[HASH]["first"] == str(FIRST)
