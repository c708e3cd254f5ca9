"""The script `rescue`: active jobs of a process whose lease has run out go back to their queue."""

from typing import Any

import pytest

from tests.store.conftest import Place
from tests.store.world import NODE, NOW, PYTHON, TYPES, World, job, token_list, without, world

PROCESS = "kue:host:77-beef0001"
EXPIRED: World = {"q:py:workers": {PROCESS: 1.0}}
ALIVE: World = {"q:py:workers": {PROCESS: 1e15}}


def rescue(place: Place, *ids: int, retries: int = 1, delay: int = 0, worker: str = PYTHON) -> Any:
    return place.scripts.rescue(PROCESS, NOW, retries, delay, [(id, worker) for id in ids or (1,)])


def held(id: int = 1, **more: Any) -> World:
    return job(id, "active", **{"workerId": PYTHON, "max_attempts": 3, "attempts": 1, **more})


def back(id: int = 1, state: str = "inactive", *, ghosts: int = 1, most: int = 1, **more: Any) -> World:
    """What `held(id)` is once it was put back."""
    known = {"workerId": PYTHON, "max_attempts": 3, "attempts": 1, "updated_at": NOW, "py_ghosts": ghosts}
    lines = [f"worker lost: put back ({ghosts} of {most})"]
    return job(id, state, **{**known, "log": lines, **more})


@pytest.mark.parametrize("lease", [{}, EXPIRED], ids=["none", "expired"])
def test_a_job_of_a_dead_process_is_queued_and_its_attempts_stay(place: Place, lease: World) -> None:
    place.seed(world(held(), lease))
    place.check(rescue(place), reply=[1, 1], after=world(back(), lease), events=[(1, "enqueue", "email")])


def test_the_jobs_of_a_process_that_is_alive_are_left_to_it(place: Place) -> None:
    before = world(held(), ALIVE)
    place.seed(before)
    place.check(rescue(place), reply=[-1], after=before)


def test_with_a_delay_it_waits(place: Place) -> None:
    place.seed(held(priority=-5))
    place.check(
        rescue(place, delay=700),
        reply=[1, 1],
        after=back(1, "delayed", priority=-5, promote_at=NOW + 700),
    )


@pytest.mark.parametrize("priority", [-15, 10])
def test_the_job_is_scored_by_priority_and_no_longer_by_its_deadline(place: Place, priority: int) -> None:
    place.seed(held(priority=priority, ttl=500, score=NOW + 5500))
    place.run(rescue(place))
    assert place.world() == back(priority=priority, ttl=500)


@pytest.mark.parametrize("ghosts", [1, 2, 9])
def test_a_job_that_was_lost_often_enough_is_named_and_stays(place: Place, ghosts: int) -> None:
    before = world(held(1, py_ghosts=ghosts), held(2))
    place.seed(before)
    place.check(
        rescue(place, 1, 2),
        reply=[1, 1, "1"],
        after=world(held(1, py_ghosts=ghosts), back(2)),
        events=[(2, "enqueue", "email")],
    )


def test_each_loss_counts(place: Place) -> None:
    place.seed(held(py_ghosts=1))
    place.run(rescue(place, retries=3))
    assert place.world() == back(ghosts=2, most=3)


def test_a_job_s_own_rules_come_first(place: Place) -> None:
    own = {"py_ghost_retries": 5, "py_ghost_delay": 900}
    place.seed(world(held(1, py_ghosts=2, **own), held(2, py_ghost_retries=0)))
    place.check(
        rescue(place, 1, 2),
        reply=[1, 1, "2"],
        after=world(back(1, "delayed", ghosts=3, most=5, promote_at=NOW + 900, **own), held(2, py_ghost_retries=0)),
    )


def record(**fields: Any) -> World:
    return {f"q:py:worker:{PROCESS}": {"protocol": "1", **{name: str(value) for name, value in fields.items()}}}


def test_the_options_of_the_process_that_died_decide_and_not_those_of_the_rescuer(place: Place) -> None:
    owner = record(ghost_retries=5, ghost_delay=700)
    place.seed(world(held(1, py_ghosts=2), held(2, py_ghosts=5), owner))
    place.check(
        rescue(place, 1, 2, retries=0),
        reply=[1, 1, "2"],
        after=world(back(1, "delayed", ghosts=3, most=5, promote_at=NOW + 700), held(2, py_ghosts=5), owner),
    )


def test_a_job_s_own_rules_come_before_those_of_its_process(place: Place) -> None:
    owner = record(ghost_retries=0, ghost_delay=700)
    own = {"py_ghost_retries": 1, "py_ghost_delay": 0}
    place.seed(world(held(**own), owner))
    place.check(rescue(place), reply=[1, 1], after=world(back(**own), owner), events=[(1, "enqueue", "email")])


@pytest.mark.parametrize("owner", [record(), record(ghost_retries="many"), {f"q:py:worker:{PROCESS}": "poison"}])
def test_without_a_readable_record_the_rescuer_decides(place: Place, owner: World) -> None:
    place.seed(world(held(), owner))
    place.check(rescue(place), reply=[1, 1], after=world(back(), owner), events=[(1, "enqueue", "email")])


NOT_LOST = {
    "another run holds it": held(workerId=PYTHON + "1"),
    "a Node worker holds it": held(workerId=NODE),
    "it is done": job(1, "complete", workerId=PYTHON),
    "it was put back before": job(1, workerId=PYTHON),
    "it is gone": {},
    "it has no type": without(held(), "q:job:1/type"),
    "it is no hash": world(without(held(), "q:job:1"), {"q:job:1": ["poison"]}),
}


@pytest.mark.parametrize("before", NOT_LOST.values(), ids=NOT_LOST)
def test_a_job_that_is_not_lost_any_more_stays_and_its_neighbour_is_rescued(place: Place, before: World) -> None:
    place.seed(world(before, held(2)))
    place.check(rescue(place, 1, 2), reply=[1, 1], after=world(before, back(2)), events=[(2, "enqueue", "email")])


def test_a_key_in_the_way_of_the_log_costs_only_the_line(place: Place) -> None:
    in_the_way = {"q:job:1:log": "poison"}
    place.seed(world(held(1), held(2), in_the_way))
    place.check(
        rescue(place, 1, 2),
        reply=[1, 2],
        after=world(back(1, log=None), back(2), in_the_way),
        events=[(1, "enqueue", "email"), (2, "enqueue", "email")],
    )


def test_a_hundred_at_once(place: Place) -> None:
    ids = range(1, 101)
    place.seed(world(*(held(id) for id in ids)))
    assert place.run(rescue(place, *ids)) == [1, 100]
    assert place.world() == world(*(back(id) for id in ids))


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_queued_as_it_is(place: Place, type: str) -> None:
    place.seed(world(held(type=type), token_list(type, 1)))
    place.check(rescue(place), reply=[1, 1], after=back(type=type, tokens=2), events=[(1, "enqueue", type)])
