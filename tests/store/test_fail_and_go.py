"""The script `fail` for a job that asks to be removed once it has failed for good."""

from typing import Any

import pytest

from kue.store import effects
from kue.store.transitions import GhostOptions, Retry
from tests.store.conftest import Place
from tests.store.test_fail import AT_ONCE, ATTEMPT, ERROR, FAILED, LOCK, NEVER, after, fail
from tests.store.world import BEFORE, PYTHON, TYPES, World, gone, job, token_list, world

REMOVED = (1, "remove", "email")
GOES: dict[str, Any] = {"py_remove_on_fail": "true"}


def held(**more: Any) -> World:
    return job(1, "active", **{"workerId": PYTHON, "max_attempts": 1, **GOES, **more})


@pytest.mark.parametrize("type", TYPES)
def test_the_job_leaves_nothing_but_its_type(place: Place, type: str) -> None:
    place.seed(held(type=type, log=["one"], py_unique="order 1") | {"q:unique:jobs": {"order 1": "1"}})
    place.check(
        fail(place, NEVER, type=type),
        reply=[1, "failed"],
        after=gone(type),
        events=[ERROR, FAILED, (1, "remove", type)],
    )


def test_neighbours_stay(place: Place) -> None:
    others = world(job(2, "active"), job(3, "failed"), job(11, "failed", "pdf", log=["two"]))
    place.seed(world(held(), others))
    place.check(fail(place, NEVER), reply=[1, "failed"], after=others, events=[ERROR, FAILED, REMOVED])


def test_while_attempts_remain_it_stays(place: Place) -> None:
    place.seed(held(max_attempts=3))
    place.check(
        fail(place, AT_ONCE),
        reply=[1, "inactive"],
        after=after("inactive", **GOES),
        events=[ERROR, (1, "enqueue", "email"), ATTEMPT],
    )


def test_a_ghost_stays(place: Place) -> None:
    place.seed(held(py_ghost_on_ttl="true"))
    assert place.run(fail(place, NEVER, mode="ttl", ghosts=GhostOptions(1, 0)))[:2] == [1, "inactive"]
    assert place.world()["q:jobs:inactive"] == {"01|1": 0.0}


@pytest.mark.parametrize("mode", ["ttl", "asked", "expired", "lost"])
def test_it_goes_however_its_run_ended(place: Place, mode: str) -> None:
    place.seed(held(score=float(BEFORE)) | {LOCK: "token"})
    lock = {"ttl_lock": "token"} if mode == "expired" else {}
    assert place.run(fail(place, NEVER, mode=mode, **lock)) == [1, "failed"]
    assert place.world() == world(gone(), {LOCK: "token"})
    assert place.events()[-2:] == [FAILED, REMOVED]


@pytest.mark.parametrize(("before", "set_to", "goes"), [({}, "true", True), (GOES, "", False)])
def test_what_its_handler_said_last_counts(place: Place, before: World, set_to: str, goes: bool) -> None:
    place.seed(job(1, "active", workerId=PYTHON, **before))
    said = effects.option("py_remove_on_fail", set_to or None)
    assert place.run(fail(place, NEVER, effects=said)) == [1, "failed"]
    assert ("q:job:1" not in place.world()) is goes


def test_what_was_said_on_the_way_is_published_before_the_end(place: Place) -> None:
    place.seed(held())
    said = (*effects.send(1, "page", 7, None, keep=False), *effects.log("on the way", (), BEFORE))
    place.check(
        fail(place, NEVER, effects=said),
        reply=[1, "failed"],
        after=gone(),
        events=[(1, "page", 7), ERROR, FAILED, REMOVED],
    )


@pytest.mark.parametrize("key", ["q:jobs:failed", "q:jobs:email:failed"])
def test_sets_that_it_does_not_enter_need_not_be_sets(place: Place, key: str) -> None:
    place.seed(held() | {key: "poison"})
    place.check(
        fail(place, Retry("failed")),
        reply=[1, "failed"],
        after=world(gone(), token_list("email", 0)) | {key: "poison"},
        events=[ERROR, FAILED, REMOVED],
    )
