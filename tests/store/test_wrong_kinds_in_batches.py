"""A key of a type that holds another kind of value: its jobs stay as they are, and those of other types go on."""

from typing import Any

import pytest

from kue.common.error_reporter import ErrorReporter
from kue.maintenance.promotion import Promotion
from kue.store.store import Store
from tests.store.conftest import Place
from tests.store.world import BEFORE, NOW, World, job, token_list, world

LOCK = {"promotion:lock": "token"}
PROCESS = "kue:host:77-beef0001"
PUT_BACK = {"py_ghosts": 1, "updated_at": NOW, "log": ["worker lost: put back (1 of 1)"]}
# of the type email, by where its jobs come from and where they go
PROMOTED = ["q:jobs:email:delayed", "q:jobs:email:inactive", "q:email:jobs"]
QUEUED = ["q:jobs:email:active", "q:jobs:email:inactive", "q:email:jobs"]
DELAYED = ["q:jobs:email:active", "q:jobs:email:delayed"]


def poisoned(key: str, *parts: World) -> World:
    return world(*parts) | {key: "poison"}


def promote(place: Place, limit: int = 100) -> Any:
    return place.scripts.promote("token", NOW, limit)


def delayed(id: int, type: str = "email") -> World:
    return job(id, "delayed", type, promote_at=BEFORE + id)


def promoted(id: int, type: str = "pdf") -> World:
    return job(id, "inactive", type, promote_at=BEFORE + id, updated_at=NOW)


def told(*ids: int) -> list[tuple[Any, ...]]:
    return [event for id in ids for event in ((id, "promotion"), (id, "enqueue", "pdf"))]


@pytest.mark.parametrize("key", PROMOTED)
def test_a_job_that_cannot_be_promoted_stays_and_the_others_are(place: Place, key: str) -> None:
    place.seed(poisoned(key, delayed(1, "pdf"), delayed(2), delayed(3, "pdf"), LOCK))
    place.check(
        promote(place),
        reply=[2],
        after=poisoned(key, promoted(1), delayed(2), promoted(3), LOCK),
        events=told(1, 3),
    )


@pytest.mark.parametrize("key", PROMOTED)
def test_a_job_that_is_in_another_state_by_now_stays_too(place: Place, key: str) -> None:
    listed = {"q:jobs:delayed": {"01|1": float(BEFORE)}, "q:jobs:email:delayed": {"01|1": 0.0}}
    place.seed(poisoned(key, job(1, "failed"), listed, delayed(2, "pdf"), LOCK))
    place.check(
        promote(place),
        reply=[1],
        after=poisoned(key, job(1, "failed"), listed, promoted(2), LOCK),
        events=told(2),
    )


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_however_many_cannot_be_promoted_those_behind_them_are(place: Place, limit: int) -> None:
    stay = [delayed(id) for id in (1, 2, 3, 5, 6)]
    place.seed(poisoned(PROMOTED[0], *stay, delayed(4, "pdf"), delayed(7, "pdf"), LOCK))
    assert place.run(promote(place, limit)) == [min(limit, 2)]
    if limit == 1:
        assert place.run(promote(place, limit)) == [1]
    assert place.run(promote(place, limit)) == [0]
    assert place.world() == poisoned(PROMOTED[0], *stay, promoted(4), promoted(7), LOCK)
    assert place.events() == told(4, 7)


def test_a_duty_that_meets_nothing_else_is_done_for_now(place: Place) -> None:
    before = poisoned(PROMOTED[0], *(delayed(id) for id in range(1, 151)))
    place.seed(before)
    reported: list[BaseException] = []
    duty = Promotion(
        Store(place.connections, place.backend.prefix),
        ErrorReporter(reported.append),
        interval=1000,
        limit=100,
        lock_ttl=2000,
    )
    assert duty.run_once(NOW) is False
    assert place.world() == before
    assert reported == []


def test_with_no_set_of_the_inactive_nothing_is_promoted(place: Place) -> None:
    before = poisoned("q:jobs:inactive", delayed(1), delayed(2, "pdf"), LOCK)
    place.seed(before)
    place.check(promote(place), reply=[0], after=before)


def held(id: int, type: str = "email") -> World:
    return job(id, "active", type, workerId=f"{PROCESS}:{type}:{id}")


def rescue(place: Place, delay: int) -> Any:
    runs = [(id, f"{PROCESS}:{type}:{id}") for id, type in ((1, "pdf"), (2, "email"), (3, "pdf"))]
    return place.scripts.rescue(PROCESS, NOW, 1, delay, runs)


def back(id: int, delay: int) -> World:
    known = {**PUT_BACK, "workerId": f"{PROCESS}:pdf:{id}"}
    if delay:
        return job(id, "delayed", "pdf", **known, promote_at=NOW + delay)
    return job(id, "inactive", "pdf", **known)


@pytest.mark.parametrize(("delay", "key"), [*((0, key) for key in QUEUED), *((700, key) for key in DELAYED)])
def test_a_job_that_cannot_be_rescued_stays_and_the_others_are(place: Place, delay: int, key: str) -> None:
    place.seed(poisoned(key, held(1, "pdf"), held(2), held(3, "pdf")))
    place.check(
        rescue(place, delay),
        reply=[1, 2],
        after=poisoned(key, back(1, delay), held(2), back(3, delay)),
        events=[] if delay else [(1, "enqueue", "pdf"), (3, "enqueue", "pdf")],
    )


@pytest.mark.parametrize(("delay", "key"), [(0, "q:jobs:inactive"), (700, "q:jobs:delayed")])
def test_with_no_set_to_go_to_nothing_is_rescued(place: Place, delay: int, key: str) -> None:
    before = poisoned(key, held(1, "pdf"), held(2), held(3, "pdf"))
    place.seed(before)
    place.check(rescue(place, delay), reply=[1, 0], after=before)


def test_what_is_not_needed_on_the_way_may_be_of_any_kind(place: Place) -> None:
    tokens = token_list("pdf", 1)
    place.seed(poisoned("q:jobs:pdf:failed", held(1, "pdf"), tokens))
    assert place.run(rescue(place, 0)) == [1, 1]
    assert place.world() == poisoned("q:jobs:pdf:failed", back(1, 0), tokens)
