"""The scripts `lost_runs` and `expired_leases`: which processes are dead, and which active jobs they hold."""

import pytest

from tests.store.conftest import Place
from tests.store.world import NO_ZIDS, NODE, NODE_LOOKALIKES, World, job, without, world

DEAD, GONE, ALIVE = "kue:host:7-beef00011", "kue:b:8-beef0002", "kue:host:9-beef00011"
NEWER = "kue:host:10-beef0003ff"
LEASES: World = {"q:py:workers": {DEAD: 1.0, ALIVE: 1e15, NEWER: 1.0}}


def held(id: int, process: str, type: str = "email") -> World:
    return job(id, "active", type, workerId=f"{process}:{type}:{id}")


def test_the_jobs_of_each_process_without_a_valid_lease_are_named(place: Place) -> None:
    place.seed(world(held(1, DEAD), held(2, ALIVE), held(3, GONE, "a:b"), held(4, DEAD, "pdf"), held(5, NEWER), LEASES))
    before = place.world()
    assert place.store.lost_runs() == {
        DEAD: {1: f"{DEAD}:email:1", 4: f"{DEAD}:pdf:4"},
        GONE: {3: f"{GONE}:a:b:3"},
        NEWER: {5: f"{NEWER}:email:5"},
    }
    assert place.world() == before and place.messages() == []


def test_what_no_python_process_holds_is_passed_over(place: Place) -> None:
    place.seed(
        world(
            job(1, "active", workerId=NODE),
            job(2, "active"),
            without(held(3, DEAD), "q:job:3"),
            held(4, DEAD) | {"q:job:4": "poison"},
            {"q:jobs:active": dict.fromkeys(NO_ZIDS, 0.0)},
            job(5, workerId=f"{DEAD}:email:5"),
            *(job(id, "active", workerId=worker) for id, worker in enumerate(NODE_LOOKALIKES, 6)),
            job(20, "active", workerId="kue:host:7-beef:email:20"),
        )
    )
    assert place.store.lost_runs() == {}


def test_members_that_no_run_can_be_put_back_from_are_passed_over(place: Place) -> None:
    """Or the lease of their dead process would never end."""
    listed = {"q:jobs:active": {"01|1": 0.0}}
    place.seed(
        world(
            world(job(1, "complete", workerId=f"{DEAD}:email:1"), listed),
            without(held(2, DEAD), "q:job:2/type"),
            without(held(3, DEAD), "q:job:3/state"),
            held(4, DEAD),
            LEASES,
        )
    )
    assert place.store.lost_runs() == {DEAD: {4: f"{DEAD}:email:4"}}


def test_every_page_is_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kue.store.queries._RUNS_PER_PAGE", 10)
    place.seed(world(*(held(id, DEAD if id % 2 else ALIVE) for id in range(1, 401)), LEASES))
    assert {process: set(runs) for process, runs in place.store.lost_runs().items()} == {DEAD: set(range(1, 401, 2))}


def test_leases_that_have_run_out_are_named(place: Place) -> None:
    assert place.store.expired_leases() == []
    place.seed(LEASES)
    assert sorted(place.store.expired_leases()) == sorted([DEAD, NEWER])
