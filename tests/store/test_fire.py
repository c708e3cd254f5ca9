"""The script `fire`: the jobs of a schedule that is due, its next time, and its counters."""

from typing import Any

import pytest

from kue.errors import RedisRefused
from tests.store.conftest import Place
from tests.store.schedules import DUE, HASH, LIST, NAME, NEVER, NEXT, fire, schedule
from tests.store.world import NOW, TYPES, World, job, world


def saved(id: int, time: int = DUE, state: str = "inactive", **fields: Any) -> World:
    fields = {"py_schedule": NAME, "py_tick": time, "promote_at": NOW} | fields
    return job(id, state, created_at=NOW, updated_at=NOW, **fields)


def fired(count: int = 1, time: int = DUE, id: int = 1, due: float = NEXT, **more: Any) -> World:
    return schedule(due, fired=count, last_at=time, last_job_id=id, last_fired_id=id, **more)


def test_the_job_is_saved_and_the_next_time_set(place: Place) -> None:
    place.seed(schedule())
    place.check(
        fire(place, DUE),
        reply=[1, 0],
        after=world(saved(1), {"q:ids": "1"}, fired()),
        events=[(1, "enqueue", "email")],
    )


@pytest.mark.parametrize(("at", "digest"), [(DUE - 1, "d1"), (DUE + 1, "d1"), (DUE, "d2"), (NEVER, "d1")])
def test_a_schedule_that_is_not_as_it_was_read_is_left_alone(place: Place, at: float, digest: str) -> None:
    place.seed(schedule())
    place.check(fire(place, DUE, at=at, digest=digest), reply=[-1], after=schedule())


def test_a_schedule_that_is_gone_is_left_alone(place: Place) -> None:
    place.check(fire(place, DUE), reply=[-1], after={})
    place.seed({LIST: {NAME: float(DUE)}})
    place.check(fire(place, DUE), reply=[-1], after={LIST: {NAME: float(DUE)}})


def test_the_second_of_two_processes_finds_another_time(place: Place) -> None:
    place.seed(schedule())
    assert place.connections.run([fire(place, DUE)] * 3) == [[1, 0], [-1], [-1]]
    assert place.world() == world(saved(1), {"q:ids": "1"}, fired())


def test_many_times_have_a_job_each_in_order(place: Place) -> None:
    place.seed(schedule(fired=2))
    place.check(
        fire(place, DUE - 2000, DUE - 1000, DUE),
        reply=[3, 0],
        after=world(*(saved(n, DUE - 1000 * (3 - n)) for n in (1, 2, 3)), {"q:ids": "3"}, fired(5, id=3)),
        events=[(n, "enqueue", "email") for n in (1, 2, 3)],
    )


def test_no_time_only_moves_the_next_one(place: Place) -> None:
    place.seed(schedule())
    place.check(fire(place), reply=[0, 0], after=schedule(NEXT))


def test_a_schedule_without_a_next_time_is_over(place: Place) -> None:
    place.seed(schedule())
    place.check(
        fire(place, DUE, due=None),
        reply=[1, 0],
        after=world(saved(1), {"q:ids": "1"}, fired(due=NEVER)),
        events=[(1, "enqueue", "email")],
    )


def test_a_schedule_is_over_after_as_many_jobs_as_it_should_have(place: Place) -> None:
    place.seed(schedule(times=3, fired=1))
    place.check(
        fire(place, DUE - 2000, DUE - 1000, DUE),
        reply=[2, 0],
        after=world(
            *(saved(n, DUE - 1000 * (3 - n)) for n in (1, 2)),
            {"q:ids": "2"},
            fired(3, DUE - 1000, 2, NEVER, times=3),
        ),
        events=[(1, "enqueue", "email"), (2, "enqueue", "email")],
    )


def test_options_come_along_and_a_delay_counts_from_the_time(place: Place) -> None:
    options = {"ttl": 500, "backoff": '{"type":"fixed","delay":7}', "removeOnComplete": "true", "delay": 5000}
    own = {f"job:{name}": value for name, value in options.items()}
    place.seed(schedule(**own, **{"job:priority": -10, "job:max_attempts": 5}))
    place.run(fire(place, DUE))
    after = saved(1, state="delayed", promote_at=DUE + 5000, priority=-10, max_attempts=5, **options)
    assert {name: value for name, value in place.world().items() if name not in (LIST, HASH, "q:ids")} == after
    assert place.events() == []


def test_a_delay_that_has_passed_since_is_none(place: Place) -> None:
    place.seed(schedule(**{"job:delay": 500}))
    place.run(fire(place, DUE))
    assert place.world()["q:jobs:inactive"] == {"01|1": 0.0}
    assert place.world()["q:job:1"] == saved(1, delay=500)["q:job:1"]


@pytest.mark.parametrize("type", TYPES)
def test_any_type_and_name_are_saved_as_they_are(place: Place, type: str) -> None:
    place.seed(schedule(**{"job:type": type, "job:data": '[1e400,"\\u2028",12345678901234567890]'}))
    place.run(fire(place, DUE))
    assert place.world()["q:job:1"]["data"] == '[1e400,"\\u2028",12345678901234567890]'
    assert place.world()[f"q:jobs:{type}:inactive"] == {"01|1": 0.0}
    assert place.events() == [(1, "enqueue", type)]


OPEN, ENDED = ["inactive", "delayed", "active"], ["complete", "failed"]


@pytest.mark.parametrize("state", [*OPEN, *ENDED])
def test_a_time_is_left_out_if_the_last_job_is_open_and_jobs_must_not_overlap(place: Place, state: str) -> None:
    last = job(7, state, py_schedule=NAME, tokens=0)
    before = world(last, schedule(overlap="skip", last_job_id=7, skipped=2, fired=1))
    place.seed(before)
    if state in OPEN:
        after = world(last, schedule(NEXT, overlap="skip", last_job_id=7, skipped=3, fired=1))
        place.check(fire(place, DUE), reply=[0, 1], after=after)
    else:
        assert place.run(fire(place, DUE)) == [1, 0]
        assert place.world()[HASH] == fired(2, overlap="skip", skipped=2)[HASH]


@pytest.mark.parametrize(("fired_id", "triggered_id", "is_left_out"), [(7, 8, True), (8, 7, True), (8, 9, False)])
def test_a_job_at_a_time_and_a_triggered_one_do_not_hide_each_other(
    place: Place, fired_id: int, triggered_id: int, is_left_out: bool
) -> None:
    jobs = world(*(job(id, state, py_schedule=NAME) for id, state in ((7, "active"), (8, "complete"), (9, "failed"))))
    for last in (fired_id, triggered_id):
        place.client.flushall()
        ids = {"last_job_id": last, "last_fired_id": fired_id, "last_triggered_id": triggered_id}
        place.seed(world(jobs, {"q:ids": "9"}, schedule(overlap="skip", **ids)))
        assert place.run(fire(place, DUE)) == ([0, 1] if is_left_out else [1, 0])


def test_an_open_job_that_is_no_more_the_last_of_its_kind_holds_up_nothing(place: Place) -> None:
    place.seed(world(job(7, "active", py_schedule=NAME), job(8, "complete", py_schedule=NAME), {"q:ids": "8"}))
    place.seed(schedule(overlap="skip", last_job_id=7, last_fired_id=8, last_triggered_id=8))
    assert place.run(fire(place, DUE)) == [1, 0]


@pytest.mark.parametrize("stranger", [{}, job(7, "active", py_schedule="other"), {"q:job:7": ["a list"]}])
def test_another_job_of_the_number_holds_up_nothing(place: Place, stranger: World) -> None:
    place.seed(world(stranger, schedule(overlap="skip", last_job_id=7)))
    assert place.run(fire(place, DUE)) == [1, 0]


def test_of_many_times_only_the_first_has_a_job_if_they_must_not_overlap(place: Place) -> None:
    place.seed(schedule(overlap="skip"))
    assert place.run(fire(place, DUE - 2000, DUE - 1000, DUE)) == [1, 2]
    assert place.world()["q:job:1"]["py_tick"] == str(DUE - 2000)
    assert place.world()[HASH]["skipped"] == "2"


@pytest.mark.parametrize("key", [LIST, HASH, "q:jobs", "q:jobs:inactive", "q:email:jobs", "q:job:types", "q:job:1"])
def test_a_key_of_another_kind_is_refused_and_nothing_is_written(place: Place, key: str) -> None:
    before = schedule() | {key: "poison"}
    place.seed(before)
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(fire(place, DUE))
    assert {name: value for name, value in place.world().items() if name != "q:ids"} == before
    assert place.messages() == []
