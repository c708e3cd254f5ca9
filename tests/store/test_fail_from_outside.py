"""The script `fail` where a ttl, a checker or the end of a process brings it, and where it may change nothing."""

import pytest

from kue.errors import RedisRefused
from kue.store import effects
from kue.store.transitions import Failure
from tests.store.conftest import Place
from tests.store.test_fail import AT_ONCE, LOCK, NEVER, TTL, after, fail, held
from tests.store.world import NODE, NOW, PYTHON, World, job, without, world


@pytest.mark.parametrize(("mode", "announced"), [("ttl", True), ("asked", False)])
def test_a_run_that_ends_itself_acknowledges_and_announces_if_no_process_has(
    place: Place, mode: str, announced: bool
) -> None:
    place.seed(held())
    place.check(
        fail(place, NEVER, TTL, mode=mode),
        reply=[1, "failed"],
        after=after("failed", TTL),
        events=[
            *([(1, "ttl exceeded")] if announced else []),
            (1, "error", "TTL exceeded"),
            (1, "ttl exceeded ack"),
            (1, "failed", "TTL exceeded", None),
        ],
    )


@pytest.mark.parametrize("worker", [PYTHON, NODE])
def test_a_checker_ends_a_run_past_its_deadline(place: Place, worker: str) -> None:
    place.seed(world(held(workerId=worker, ttl=500, score=NOW), {LOCK: "token"}))
    place.check(
        fail(place, AT_ONCE, TTL, worker=worker, mode="expired", ttl_lock="token"),
        reply=[1, "inactive"],
        after=world(after("inactive", TTL, workerId=worker, ttl=500), {LOCK: "token"}),
        events=[
            (1, "error", "TTL exceeded"),
            (1, "enqueue", "email"),
            (1, "failed attempt", "TTL exceeded", 1),
        ],
    )


@pytest.mark.parametrize("worker", [None, ""])
def test_a_checker_ends_an_active_job_that_no_worker_ever_had(place: Place, worker: str | None) -> None:
    place.seed(world(held(workerId=worker, ttl=500, score=NOW), {LOCK: "token"}))
    place.check(
        fail(place, NEVER, TTL, worker="", mode="expired", ttl_lock="token"),
        reply=[1, "failed"],
        after=world(after("failed", TTL, workerId=worker, ttl=500), {LOCK: "token"}),
        events=[(1, "error", "TTL exceeded"), (1, "failed", "TTL exceeded", None)],
    )


def test_a_checker_does_not_end_a_run_of_a_job_that_had_no_worker_when_it_was_announced(place: Place) -> None:
    before = world(held(ttl=500, score=NOW), {LOCK: "token"})
    place.seed(before)
    place.check(
        fail(place, NEVER, TTL, worker="", mode="expired", ttl_lock="token"),
        reply=[-1, "active", PYTHON, ""],
        after=before,
    )


def test_a_checker_leaves_a_run_alone_whose_deadline_was_pushed(place: Place) -> None:
    before = world(held(ttl=500, score=NOW + 1), {LOCK: "token"})
    place.seed(before)
    place.check(fail(place, AT_ONCE, TTL, mode="expired", ttl_lock="token"), reply=[0, 1], after=before)


@pytest.mark.parametrize("lock", ["somebody else's", None])
def test_a_checker_without_the_lock_does_nothing(place: Place, lock: str | None) -> None:
    before = world(held(ttl=500, score=NOW), {LOCK: lock} if lock else {})
    place.seed(before)
    place.check(fail(place, AT_ONCE, TTL, mode="expired", ttl_lock="token"), reply=[-3], after=before)


def test_a_checker_does_not_end_another_run(place: Place) -> None:
    before = world(held(workerId=PYTHON + "1", ttl=500, score=NOW), {LOCK: "token"})
    place.seed(before)
    place.check(
        fail(place, AT_ONCE, TTL, mode="expired", ttl_lock="token"),
        reply=[-1, "active", PYTHON + "1", ""],
        after=before,
    )


PROCESS = "kue:host:77-beef0001"
LOST = Failure("worker lost", "worker lost", "worker lost")


@pytest.mark.parametrize("lease", [{}, {"q:py:workers": {PROCESS: 1.0}}], ids=["no lease", "a lease that ran out"])
def test_the_run_of_a_dead_process_is_failed_for_it(place: Place, lease: World) -> None:
    place.seed(world(held(), lease))
    place.check(
        fail(place, NEVER, LOST, mode="lost", dead_process=PROCESS),
        reply=[1, "failed"],
        after=world(after("failed", LOST), lease),
        events=[(1, "error", "worker lost"), (1, "failed", "worker lost", None)],
    )


def test_the_run_of_a_process_that_is_alive_is_not_failed_for_it(place: Place) -> None:
    before = world(held(), {"q:py:workers": {PROCESS: 1e15}})
    place.seed(before)
    place.check(fail(place, NEVER, LOST, mode="lost", dead_process=PROCESS), reply=[-3], after=before)


# what is not this run's

NOT_HELD = {
    "by another run": (held(workerId=NODE), ["active", NODE]),
    "while inactive": (job(1, workerId=PYTHON), ["inactive", PYTHON]),
    "while complete": (job(1, "complete", workerId=PYTHON), ["complete", PYTHON]),
    "while delayed": (job(1, "delayed", workerId=PYTHON), ["delayed", PYTHON]),
    "while failed": (job(1, "failed", workerId=PYTHON), ["failed", PYTHON]),
    "by nobody": (job(1, "active"), ["active", ""]),
    "since it has no type": (without(held(), "q:job:1/type"), ["active", PYTHON]),
    "since it is gone": ({}, ["", ""]),
}


@pytest.mark.parametrize("mode", ["", "ttl", "asked"])
@pytest.mark.parametrize(("before", "answer"), NOT_HELD.values(), ids=NOT_HELD)
def test_a_late_outcome_changes_nothing_and_publishes_nothing(
    place: Place, before: World, answer: list[str], mode: str
) -> None:
    place.seed(before)
    said = effects.log("too late", (), NOW)
    place.check(fail(place, mode=mode, effects=said), reply=[-1, *answer, ""], after=before)


def test_a_job_that_is_no_hash_is_refused_and_nothing_is_written(place: Place) -> None:
    place.seed({"q:job:1": ["poison"]})
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(fail(place, effects=effects.log("x", (), NOW)))
    assert place.world() == {"q:job:1": ["poison"]}
    assert place.events() == []
