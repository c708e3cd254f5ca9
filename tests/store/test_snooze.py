"""The script `snooze`: a run puts its job off, and uses up no attempt."""

from typing import Any

import pytest

from kue.errors import RedisRefused
from kue.store import effects
from tests.store.conftest import Place
from tests.store.records import STARTED, history, record
from tests.store.world import NODE, NOW, PYTHON, TYPES, World, job, without, world

LINE = "snoozed for 700 ms"


def held(**more: Any) -> World:
    return job(1, "active", **{"workerId": PYTHON, "max_attempts": 3, "attempts": 1, **more})


def put_off(delay: int = 700, **more: Any) -> World:
    """What `held()` is once it was put off."""
    known = {"workerId": PYTHON, "max_attempts": 3, "attempts": 1, "updated_at": NOW, "promote_at": NOW + delay}
    state = "delayed" if delay else "inactive"
    return job(1, state, **{**known, "log": [f"snoozed for {delay} ms"], **more})


def snooze(place: Place, delay: int = 700, *, type: str = "email", said: Any = ()) -> Any:
    return place.scripts.snooze(1, PYTHON, type, NOW, delay, said)


def test_the_job_is_delayed_with_its_attempts_as_they_were_and_no_event(place: Place) -> None:
    place.seed(held())
    place.check(snooze(place), reply=[1], after=put_off())


def test_without_a_delay_it_is_queued_at_once(place: Place) -> None:
    place.seed(held())
    place.check(snooze(place, 0), reply=[1], after=put_off(0), events=[(1, "enqueue", "email")])


def test_the_run_is_recorded_and_counts_as_no_put_back(place: Place) -> None:
    place.seed(held(**STARTED, py_requeues=2, py_ghosts=1))
    place.run(snooze(place))
    own = history(record(2, 2, "snoozed"))
    assert place.world() == put_off(**STARTED, py_requeues=2, py_ghosts=1, **own)


@pytest.mark.parametrize("priority", [-15, 10])
@pytest.mark.parametrize("delay", [0, 700])
def test_scores_follow_the_state(place: Place, delay: int, priority: int) -> None:
    place.seed(held(priority=priority, ttl=500, score=NOW + 5500))
    place.run(snooze(place, delay))
    assert place.world() == put_off(delay, priority=priority, ttl=500)


def test_the_longest_delay_keeps_every_digit(place: Place) -> None:
    place.seed(held())
    place.run(snooze(place, 2**52))
    assert place.world() == put_off(2**52)


def test_the_job_s_own_delay_stays(place: Place) -> None:
    place.seed(held(delay=5000))
    place.run(snooze(place))
    assert place.world() == world(put_off(), {"q:job:1": {"delay": "5000"}})


def test_an_option_that_the_handler_set_counts_but_the_moment_is_that_of_the_snooze(place: Place) -> None:
    place.seed(held())
    said = [part for pair in (("priority", -5), ("delay", 9), ("promote_at", 9)) for part in effects.option(*pair)]
    place.run(snooze(place, said=said))
    assert place.world() == world(put_off(priority=-5), {"q:job:1": {"delay": "9"}})


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_queued_as_it_is(place: Place, type: str) -> None:
    place.seed(held(type=type))
    place.check(snooze(place, 0, type=type), reply=[1], after=put_off(0, type=type), events=[(1, "enqueue", type)])


def test_what_the_run_reported_comes_first_and_in_order(place: Place) -> None:
    one, two = effects.log("one", (), NOW), effects.log("two", (), NOW)
    place.seed(held())
    place.check(
        snooze(place, said=(*one, *effects.send(1, "page", [7], None, keep=False), *two)),
        reply=[1],
        after=put_off(log=["one", "two", LINE]),
        events=[(1, "page", [7])],
    )


def test_a_key_in_the_way_of_the_log_costs_only_the_line(place: Place) -> None:
    in_the_way = {"q:job:1:log": "poison"}
    place.seed(world(held(), in_the_way))
    place.check(snooze(place), reply=[1], after=world(put_off(log=None), in_the_way))


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
    place.check(snooze(place, said=effects.log("too late", (), NOW)), reply=[-1, *answer], after=before)


@pytest.mark.parametrize("poisoned", ["q:job:1", "q:jobs:delayed", "q:jobs:email:delayed", "q:jobs:active"])
def test_a_key_of_the_wrong_kind_is_refused_and_nothing_is_written(place: Place, poisoned: str) -> None:
    before = {**without(held(), *[name for name in held() if name == poisoned]), poisoned: ["poison"]}
    place.seed(before)
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(snooze(place, said=effects.log("x", (), NOW)))
    assert place.world() == before
    assert place.events() == []
