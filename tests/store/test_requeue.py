"""The script `requeue`: an active job goes back to its queue without using up an attempt."""

from typing import Any

import pytest

from kue.errors import RedisRefused
from kue.store import effects
from tests.store.conftest import Place
from tests.store.world import NODE, NOW, PYTHON, TYPES, World, job, without, world

REASON, LINE = "its worker was shut down", "put back: its worker was shut down"


def held(**more: Any) -> World:
    return job(1, "active", **{"workerId": PYTHON, "max_attempts": 3, "attempts": 1, **more})


def back(**more: Any) -> World:
    """What `held()` is once it was put back."""
    known = {"workerId": PYTHON, "max_attempts": 3, "attempts": 1, "updated_at": NOW, "py_requeues": 1}
    return job(1, "inactive", **{**known, "log": [LINE], **more})


def requeue(place: Place, *, type: str = "email", said: Any = ()) -> Any:
    return place.scripts.requeue(1, PYTHON, type, NOW, REASON, said)


def test_the_job_is_inactive_with_a_token_and_its_attempts_as_they_were(place: Place) -> None:
    place.seed(held())
    place.check(requeue(place), reply=[1], after=back(), events=[(1, "enqueue", "email")])


@pytest.mark.parametrize("priority", [-15, 10])
def test_the_job_is_scored_by_priority_and_no_longer_by_its_deadline(place: Place, priority: int) -> None:
    place.seed(held(priority=priority, ttl=500, score=NOW + 5500))
    place.run(requeue(place))
    assert place.world() == back(priority=priority, ttl=500)


def test_tokens_that_wait_already_stay(place: Place) -> None:
    place.seed(held(tokens=2))
    place.run(requeue(place))
    assert place.world() == back(tokens=3)


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_queued_as_it_is(place: Place, type: str) -> None:
    place.seed(held(type=type))
    place.check(requeue(place, type=type), reply=[1], after=back(type=type), events=[(1, "enqueue", type)])


def test_what_the_run_reported_comes_first_and_in_order(place: Place) -> None:
    one, two = effects.log("one", (), NOW), effects.log("two", (), NOW)
    place.seed(held())
    place.check(
        requeue(place, said=(*one, *effects.send(1, "page", [7], None, keep=False), *two)),
        reply=[1],
        after=back(log=["one", "two", LINE]),
        events=[(1, "page", [7]), (1, "enqueue", "email")],
    )


@pytest.mark.parametrize(("before", "after"), [("4", 5), ("many", 1), ("NaN", 1)])
def test_each_put_back_counts(place: Place, before: str, after: int) -> None:
    place.seed(held(py_requeues=before))
    place.run(requeue(place))
    assert place.world() == back(py_requeues=after)


def test_a_key_in_the_way_of_the_log_costs_only_the_line(place: Place) -> None:
    in_the_way = {"q:job:1:log": "poison"}
    place.seed(world(held(), in_the_way))
    place.check(requeue(place), reply=[1], after=world(back(log=None), in_the_way), events=[(1, "enqueue", "email")])


NOT_HELD = {
    "by another run": (held(workerId=NODE), ["active", NODE]),
    "while inactive": (job(1, workerId=PYTHON), ["inactive", PYTHON]),
    "while complete": (job(1, "complete", workerId=PYTHON), ["complete", PYTHON]),
    "by nobody": (job(1, "active"), ["active", ""]),
    "since it has no type": (without(held(), "q:job:1/type"), ["active", PYTHON]),
    "since it is gone": ({}, ["", ""]),
}


@pytest.mark.parametrize(("before", "answer"), NOT_HELD.values(), ids=NOT_HELD)
def test_a_job_this_run_does_not_hold_stays_as_it_is(place: Place, before: World, answer: list[str]) -> None:
    place.seed(before)
    place.check(requeue(place, said=effects.log("too late", (), NOW)), reply=[-1, *answer], after=before)


def test_a_job_that_is_no_hash_is_refused_and_nothing_is_written(place: Place) -> None:
    place.seed({"q:job:1": ["poison"]})
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(requeue(place, said=effects.log("x", (), NOW)))
    assert place.world() == {"q:job:1": ["poison"]}
