"""The script `restore_stuck`: puts back what a dead Node worker left between popping a job and making it active."""

from typing import Any

import pytest

from kue.errors import RedisRefused
from kue.options.values import STATES
from tests.store.conftest import Place
from tests.store.world import BEFORE, NOW, TYPES, World, job, token_list, without, world


def stuck(type: str = "email", **more: Any) -> World:
    """Inactive, and in no type's set; its token was popped."""
    return without(job(1, type=type, tokens=0, **more), f"q:jobs:{type}:inactive")


def restore(place: Place, updated_at: str = str(BEFORE)) -> Any:
    return place.scripts.restore_stuck(1, updated_at, NOW)


def test_a_stuck_job_is_back_in_its_type_with_a_token(place: Place) -> None:
    place.seed(stuck())
    place.check(restore(place), reply=1, after=job(1, updated_at=NOW), events=[(1, "enqueue", "email")])


@pytest.mark.parametrize("priority", [-15, 10])
def test_a_stuck_job_keeps_its_priority(place: Place, priority: int) -> None:
    place.seed(stuck(priority=priority))
    place.run(restore(place))
    assert place.world() == job(1, priority=priority, updated_at=NOW)


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_queued_as_it_is(place: Place, type: str) -> None:
    place.seed(stuck(type))
    place.check(restore(place), reply=1, after=job(1, type=type, updated_at=NOW), events=[(1, "enqueue", type)])


def test_a_job_that_was_never_touched_counts_as_unchanged(place: Place) -> None:
    place.seed(stuck(updated_at=None))
    place.check(restore(place, ""), reply=1, after=job(1, updated_at=NOW), events=[(1, "enqueue", "email")])


def test_neighbours_and_their_tokens_stay(place: Place) -> None:
    others = world(job(2), job(3, type="pdf"))
    place.seed(world(stuck(), others))
    place.run(restore(place))
    assert place.world() == world(job(1, updated_at=NOW), others)


def test_two_processes_that_saw_a_job_stuck_put_it_back_once_though_it_was_popped_in_between(place: Place) -> None:
    place.seed(stuck())
    assert place.run(restore(place)) == 1
    place.client.zpopmin(place.keys.type_state("email", "inactive"))  # as a Node worker does first
    place.client.lpop(place.keys.tokens("email"))
    place.events()
    place.check(restore(place), reply=0, after=stuck(updated_at=NOW))


NOT_STUCK = {
    "it waits as it should": job(1),
    "its token is missing, which is another matter": job(1, tokens=0),
    "it was touched since": stuck(updated_at=BEFORE + 1),
    "it is in no index of its state": without(stuck(), "q:jobs:inactive"),
    "it is gone": {},
    "it has no type": without(stuck(), "q:job:1/type"),
    **{f"it is {state}": job(1, state) for state in STATES if state != "inactive"},
}


@pytest.mark.parametrize("before", NOT_STUCK.values(), ids=NOT_STUCK)
def test_a_job_that_is_not_stuck_any_more_stays_as_it_is(place: Place, before: World) -> None:
    place.seed(world(before, token_list("other", 1)))
    place.check(restore(place), reply=0, after=world(before, token_list("other", 1)))


def test_a_job_that_is_no_hash_is_refused_and_nothing_is_written(place: Place) -> None:
    before = world(without(stuck(), "q:job:1"), {"q:job:1": ["poison"]})
    place.seed(before)
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(restore(place))
    assert place.world() == before


@pytest.mark.parametrize(("others", "holder"), [({}, "1"), (job(2, "complete"), "1"), (job(2), "2")])
def test_a_stuck_job_takes_its_unique_key_again_if_no_other_job_holds_it(
    place: Place, others: World, holder: str
) -> None:
    before = world(stuck(py_unique="a", py_unique_until="started"), {"q:unique:jobs": {"a": "2"}})
    place.seed(world(others, before))
    assert place.run(restore(place)) == 1
    assert place.world()["q:unique:jobs"] == {"a": holder}
