"""The script `promote`: delayed jobs whose time has come become inactive, in order, under Kue's lock."""

from typing import Any

import pytest

from kue.common.error_reporter import ErrorReporter
from kue.errors import JobInvalid
from kue.maintenance.promotion import Promotion
from kue.options.values import STATES
from kue.store.store import Store
from tests.store.conftest import Place
from tests.store.world import BEFORE, NO_ZIDS, NOW, TYPES, World, gone, job, token_list, without, world

LOCK = {"promotion:lock": "token"}


def promote(place: Place, limit: int = 100) -> Any:
    return place.scripts.promote("token", NOW, limit)


def delayed(id: int = 1, at: int = BEFORE, **more: Any) -> World:
    return job(id, "delayed", promote_at=at, delay=500, **more)


def promoted(id: int = 1, at: int = BEFORE, **more: Any) -> World:
    return job(id, "inactive", promote_at=at, delay=500, updated_at=NOW, **more)


def told(*ids: int, type: str = "email") -> list[tuple[Any, ...]]:
    return [event for id in ids for event in ((id, "promotion"), (id, "enqueue", type))]


def test_a_job_that_is_due_is_queued_with_a_token(place: Place) -> None:
    place.seed(world(delayed(), LOCK))
    place.check(promote(place), reply=[1], after=world(promoted(), LOCK), events=told(1))


def test_due_is_up_to_now_and_no_later(place: Place) -> None:
    later = delayed(3, NOW + 1)
    place.seed(world(delayed(1, NOW - 1), delayed(2, NOW), later, LOCK))
    place.check(
        promote(place),
        reply=[2],
        after=world(promoted(1, NOW - 1), promoted(2, NOW), later, LOCK),
        events=told(1, 2),
    )


def test_the_earliest_are_first_and_no_more_than_the_limit(place: Place) -> None:
    late = delayed(1, BEFORE + 3)
    place.seed(world(late, delayed(2, BEFORE), delayed(10, BEFORE + 1), delayed(3, BEFORE + 1), LOCK))
    place.check(
        promote(place, 3),
        reply=[3],
        after=world(late, promoted(2, BEFORE), promoted(3, BEFORE + 1), promoted(10, BEFORE + 1), LOCK),
        events=told(2, 3, 10),
    )


def test_nothing_due_changes_nothing(place: Place) -> None:
    before = world(delayed(1, NOW + 1), job(2), LOCK)
    place.seed(before)
    place.check(promote(place), reply=[0], after=before)


def test_each_goes_to_its_own_type_by_its_own_priority(place: Place) -> None:
    place.seed(world(delayed(1, priority=-15), delayed(2, type="pdf", priority=10), LOCK))
    place.run(promote(place))
    assert place.world() == world(promoted(1, priority=-15), promoted(2, type="pdf", priority=10), LOCK)


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_queued_as_it_is(place: Place, type: str) -> None:
    place.seed(world(delayed(type=type), LOCK))
    place.check(promote(place), reply=[1], after=world(promoted(type=type), LOCK), events=told(1, type=type))


@pytest.mark.parametrize("lock", [{}, {"promotion:lock": "somebody else's"}], ids=["free", "taken"])
def test_without_the_lock_nothing_is_promoted(place: Place, lock: World) -> None:
    before = world(delayed(), lock)
    place.seed(before)
    place.check(promote(place), reply=[-1], after=before)


@pytest.mark.parametrize("state", [state for state in STATES if state != "delayed"])
def test_a_job_listed_as_delayed_that_is_in_another_state_only_leaves_the_delayed(place: Place, state: str) -> None:
    listed = {"q:jobs:delayed": {"01|1": float(BEFORE)}, "q:jobs:email:delayed": {"01|1": 0.0}}
    place.seed(world(job(1, state), listed, delayed(2), LOCK))
    place.check(
        promote(place),
        reply=[2],
        after=world(job(1, state), promoted(2), LOCK),
        events=told(2),
    )


HASHES = {
    "no hash": {},
    "no type": {"q:job:1": {"state": "delayed"}},
    "an empty type": {"q:job:1": {"type": "", "state": "delayed"}},
    "no hash but a list": {"q:job:1": ["poison"]},
}


@pytest.mark.parametrize("hash", HASHES.values(), ids=HASHES)
def test_a_broken_job_is_named_and_its_neighbours_are_promoted(place: Place, hash: World) -> None:
    broken = world(without(delayed(1), "q:job:1"), hash)
    place.seed(world(broken, delayed(2), LOCK))
    place.check(
        promote(place),
        reply=[2, "01|1"],
        after=world(without(broken, "q:jobs:delayed"), promoted(2), LOCK),
        events=told(2),
    )


@pytest.mark.parametrize("member", NO_ZIDS)
def test_a_member_that_is_no_zid_is_named_and_never_published(place: Place, member: str) -> None:
    named = {f"q:job:{member.rpartition('|')[2]}": {"type": "email", "state": "delayed"}}
    place.seed(world(delayed(9), named, {"q:jobs:delayed": {member: 1.0}}, LOCK))
    place.check(
        promote(place),
        reply=[2, member],
        after=world(promoted(9), named, LOCK),
        events=told(9),
    )


def test_tokens_that_wait_already_stay(place: Place) -> None:
    place.seed(world(delayed(), token_list("email", 2), LOCK))
    place.run(promote(place))
    assert place.world() == world(promoted(tokens=3), LOCK)


@pytest.mark.parametrize("hash", HASHES.values(), ids=HASHES)
def test_the_duty_drops_a_broken_job_from_every_index_and_reports_that_once(place: Place, hash: World) -> None:
    told: list[BaseException] = []
    store = Store(place.connections, place.backend.prefix)
    duty = Promotion(store, ErrorReporter(told.append), interval=1000, limit=1000, lock_ttl=2000)
    place.seed(world(without(delayed(1), "q:job:1"), hash, delayed(2)))
    assert duty.run_once(NOW) is False
    assert place.world() == world(gone(), promoted(2))
    assert [(type(problem), str(problem)) for problem in told] == [
        (JobInvalid, "job 1 was delayed, but has no type, and was dropped")
    ]
    assert duty.run_once(NOW) is False
    assert len(told) == 1
