"""The script `announce_expired`: says `ttl exceeded` of active jobs past their deadline, under Kue's lock."""

from typing import Any

import pytest

from tests.store.conftest import Place
from tests.store.world import NO_ZIDS, NODE, NOW, PYTHON, World, job, without, world

LOCK = {"activeJobsTTL:lock": "token"}


def announce(place: Place, limit: int = 100) -> Any:
    return place.scripts.announce_expired("token", NOW, limit)


def active(id: int = 1, score: int = NOW, **more: Any) -> World:
    return job(id, "active", **{"workerId": NODE, "ttl": 500, "score": score, **more})


def test_a_job_at_its_deadline_is_announced_and_stays_as_it_is(place: Place) -> None:
    before = world(active(), LOCK)
    place.seed(before)
    place.check(announce(place), reply=[1, "1", NODE], after=before, events=[(1, "ttl exceeded")])


def test_only_scores_that_are_deadlines_and_past_count(place: Place) -> None:
    before = world(
        active(1, NOW + 1),
        active(2, 100_000, workerId=PYTHON),
        active(3, 99_999),
        job(4, "active", priority=-15),
        job(5, "delayed", promote_at=NOW - 1),
        LOCK,
    )
    place.seed(before)
    place.check(announce(place), reply=[1, "2", PYTHON], after=before, events=[(2, "ttl exceeded")])


def test_the_longest_overdue_are_first_and_no_more_than_the_limit(place: Place) -> None:
    place.seed(world(active(1, NOW), active(2, NOW - 2), active(10, NOW - 1), LOCK))
    assert place.run(announce(place, 2)) == [1, "2", NODE, "10", NODE]
    assert place.events() == [(2, "ttl exceeded"), (10, "ttl exceeded")]


def test_nothing_overdue_is_no_error(place: Place) -> None:
    before = world(active(1, NOW + 1), LOCK)
    place.seed(before)
    place.check(announce(place), reply=[1], after=before)


@pytest.mark.parametrize("lock", [{}, {"activeJobsTTL:lock": "somebody else's"}], ids=["free", "taken"])
def test_without_the_lock_nothing_is_announced(place: Place, lock: World) -> None:
    before = world(active(), lock)
    place.seed(before)
    place.check(announce(place), reply=[-1], after=before)


NEWER = PYTHON.replace("-beef0001:", "-beef0001f:")  # it speaks protocol 15


def test_jobs_of_a_process_with_a_newer_protocol_are_left_alone_and_hide_no_others(place: Place) -> None:
    before = world(*(active(id, NOW - 9, workerId=NEWER) for id in range(1, 8)), active(8, workerId=PYTHON), LOCK)
    place.seed(before)
    place.check(announce(place, 3), reply=[1, "8", PYTHON], after=before, events=[(8, "ttl exceeded")])


NO_WORKER = {
    "no worker": active(workerId=None),
    "no hash": without(active(), "q:job:1"),
    "no hash but a list": world(without(active(), "q:job:1"), {"q:job:1": ["poison"]}),
}


@pytest.mark.parametrize("before", NO_WORKER.values(), ids=NO_WORKER)
def test_a_job_that_names_no_worker_is_announced_all_the_same(place: Place, before: World) -> None:
    place.seed(world(before, LOCK))
    place.check(announce(place), reply=[1, "1", ""], after=world(before, LOCK), events=[(1, "ttl exceeded")])


@pytest.mark.parametrize("member", NO_ZIDS)
def test_a_member_that_is_no_zid_is_dropped_and_never_announced(place: Place, member: str) -> None:
    before = world(active(9), LOCK)
    place.seed(world(before, {"q:jobs:active": {member: float(NOW - 1)}}))
    place.check(announce(place), reply=[1, "9", NODE], after=before, events=[(9, "ttl exceeded")])
