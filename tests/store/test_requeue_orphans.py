"""The script `requeue_orphans`: active jobs of runs that their process never learned of go back to their queue."""

from collections.abc import Sequence
from typing import Any

import pytest

from kue.errors import RedisRefused
from tests.store.conftest import Place
from tests.store.world import NO_ZIDS, NODE, NOW, TYPES, World, job, without, world

PROCESS = "kue:host:77-beef0001"
REASON, LINE = "the reply to its take was lost", "put back: the reply to its take was lost"
FIRST, END = b"0", "0"


def worker(run: int, type: str = "email", process: str = PROCESS) -> str:
    return f"{process}:{type}:{run}"


def held(id: int, run: int, type: str = "email", **more: Any) -> World:
    return job(id, "active", type, **{"workerId": worker(run, type), "max_attempts": 3, "attempts": 1, **more})


def back(id: int, run: int, type: str = "email", **more: Any) -> World:
    """What `held(id, run)` is once it was put back."""
    known = {"workerId": worker(run, type), "max_attempts": 3, "attempts": 1, "updated_at": NOW, "py_requeues": 1}
    return job(id, "inactive", type, **{**known, "log": [LINE], **more})


def requeue(place: Place, *runs: tuple[int, int], type: str = "email", cursor: bytes = FIRST, count: int = 100) -> Any:
    stem = worker(0, type).removesuffix("0")
    return place.scripts.requeue_orphans(type, stem, runs or [(1, 99)], cursor, count, NOW, REASON)


def test_the_jobs_of_the_runs_in_doubt_are_queued_and_all_others_stay(place: Place) -> None:
    others = world(held(1, 4), held(4, 7), held(5, 10), job(6, "active"), job(7, "active", workerId=NODE))
    place.seed(world(others, held(2, 5), held(3, 6), held(8, 12)))
    place.check(
        requeue(place, (5, 6), (12, 12)),
        reply=[END, 3],
        after=world(others, back(2, 5), back(3, 6), back(8, 12)),
        events=[(id, "enqueue", "email") for id in (2, 3, 8)],
    )


def test_runs_with_other_names_stay_whatever_their_numbers(place: Place) -> None:
    names = [
        *(worker(5, process="kue:host:77-beef0002"), worker(5, process="kue:host:77-beef00011")),
        *(worker(5, "email:x"), worker(5) + "x", worker(5) + ":5", PROCESS + ":email:", "x" + worker(5)),
    ]
    before = world(*(job(id, "active", workerId=name) for id, name in enumerate(names, 1)))
    place.seed(before)
    place.check(requeue(place), reply=[END, 0], after=before)


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_queued_as_it_is(place: Place, type: str) -> None:
    place.seed(held(1, 5, type))
    place.check(requeue(place, type=type), reply=[END, 1], after=back(1, 5, type), events=[(1, "enqueue", type)])


@pytest.mark.parametrize("priority", [-15, 10])
def test_the_job_is_scored_by_priority_and_no_longer_by_its_deadline(place: Place, priority: int) -> None:
    place.seed(held(1, 5, priority=priority, ttl=500, score=NOW + 5500))
    place.run(requeue(place))
    assert place.world() == back(1, 5, priority=priority, ttl=500)


@pytest.mark.parametrize(("before", "after"), [("4", 5), ("many", 1), ("NaN", 1)])
def test_each_put_back_counts(place: Place, before: str, after: int) -> None:
    place.seed(held(1, 5, py_requeues=before))
    place.run(requeue(place))
    assert place.world() == back(1, 5, py_requeues=after)


def test_large_numbers_of_runs_are_compared_exactly(place: Place) -> None:
    first = 2**53 - 10
    place.seed(world(held(1, first), held(2, first + 1), held(3, first + 2)))
    assert place.run(requeue(place, (first + 1, first + 1))) == [END, 1]
    assert place.world() == world(held(1, first), back(2, first + 1), held(3, first + 2))


STAYS: dict[str, World] = {
    "in another state": world(held(1, 5), {"q:job:1": held(1, 5)["q:job:1"] | {"state": "complete"}}),
    "of another type": world(held(1, 5), {"q:job:1": held(1, 5)["q:job:1"] | {"type": "pdf"}}),
    "without a type": without(held(1, 5), "q:job:1/type"),
    "without a hash": without(held(1, 5), "q:job:1"),
    "no hash": held(1, 5) | {"q:job:1": "poison"},
    "no jobs": {"q:jobs:email:active": dict.fromkeys(NO_ZIDS, 0.0)},
    "nothing": {},
}


@pytest.mark.parametrize("before", STAYS.values(), ids=STAYS)
def test_what_is_no_active_job_of_the_type_stays_as_it_is(place: Place, before: World) -> None:
    place.seed(before)
    place.check(requeue(place), reply=[END, 0], after=before)


def pages(place: Place, runs: Sequence[tuple[int, int]], between: Any = lambda: None) -> list[int]:
    """Ask page by page. Returns how many jobs were put back on each."""
    counts, cursor = [], FIRST
    while not counts or cursor != FIRST:
        following, count = place.run(requeue(place, *runs, cursor=cursor, count=10))
        cursor = following.encode()
        counts.append(count)
        between()
    return counts


def test_pages_together_find_every_orphan_though_other_jobs_come_and_go(place: Place) -> None:
    runs = {id: id * 10 for id in range(1, 601)}
    orphans = set(range(5, 601, 7))
    numbers = [(runs[id], runs[id]) for id in sorted(orphans)]
    for id, run in runs.items():
        place.client.hset(place.keys.job(id), mapping={"type": "email", "state": "active", "workerId": worker(run)})
    active, general = place.keys.type_state("email", "active"), place.keys.state("active")
    members = {f"{len(str(id)):02d}|{id}": 0 for id in runs}
    place.client.zadd(active, members)
    place.client.zadd(general, members)
    leaving = iter([id for id in runs if id not in orphans])
    coming = iter(range(1000, 9999))

    def change() -> None:
        for _ in range(8):
            id = next(leaving, None)
            if id is not None:
                place.client.zrem(active, f"{len(str(id)):02d}|{id}")
            place.client.zadd(active, {f"04|{next(coming)}": 0})

    counts = pages(place, numbers, change)
    assert len(counts) > 20 and sum(counts) == len(orphans)
    inactive = place.client.zrange(place.keys.type_state("email", "inactive"), 0, -1)
    assert {int(zid[3:]) for zid in inactive} == orphans
    assert place.client.llen(place.keys.tokens("email")) == len(orphans)


def test_a_set_of_the_wrong_kind_is_refused(place: Place) -> None:
    place.seed({"q:jobs:email:active": "poison"})
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(requeue(place))
