"""The script `purge_old`: one step of the walk that removes jobs that ended up to a moment."""

from typing import Any

import pytest

from kue.store.purging import NO_TURN, Turn
from tests.store.conftest import Place
from tests.store.world import BEFORE, NO_ZIDS, NODE, NOW, PYTHON, TYPES, World, gone, job, without, world

MOMENT = NOW - 30_000  # between BEFORE and NOW
LATER = MOMENT + 1
PER_STEP = 100
PAGE = 50
IN_A_ROW = 50
NODE_WRITES_MS = {"complete": 1000, "failed": 5000}


def ended(id: int, at: int = BEFORE, state: str = "complete", **fields: Any) -> World:
    """A job that ended then, 5 ms after its start."""
    times = {"created_at": min(at - 5, BEFORE), "started_at": at - 5, "updated_at": at}
    own = {"failed_at": at, "error": "boom"} if state == "failed" else {"duration": 5, "result": "1"}
    return job(id, state, **{**times, **own, "workerId": PYTHON, **fields})


def created(id: int, **fields: Any) -> World:
    """A job that was created, and ended, after the moment."""
    return ended(id, NOW, created_at=LATER, **fields)


def step(
    place: Place,
    passed: int = 0,
    state: str = "complete",
    type: str = "email",
    turn: Turn = NO_TURN,
    moment: int = MOMENT,
) -> Any:
    return place.purging.purge_old(turn, type, state, passed, moment, NOW)


def walk(place: Place) -> int:
    """Take steps until the walk is over. Returns how many jobs were removed."""
    removed, passed = 0, 0
    while passed >= 0:
        count, passed = place.run(step(place, passed))
        removed += count
    return removed


@pytest.mark.parametrize("state", ["complete", "failed"])
@pytest.mark.parametrize("type", TYPES)
def test_a_job_that_ended_by_then_leaves_nothing_but_its_type_and_no_event(place: Place, state: str, type: str) -> None:
    place.seed(ended(1, state=state, type=type, log=["one"]))
    place.check(step(place, state=state, type=type), reply=[1, -1], after=gone(type))


@pytest.mark.parametrize("state", ["complete", "failed"])
def test_its_neighbours_stay(place: Place, state: str) -> None:
    others = world(
        *(job(id, other) for id, other in enumerate(("inactive", "active", "delayed"), 2)),
        ended(5, state=({"complete", "failed"} - {state}).pop()),
        ended(6, state=state, type="pdf"),
        ended(7, LATER, state, log=["seven"]),
    )
    place.seed(world(ended(1, state=state), others))
    place.check(step(place, state=state), reply=[1, -1], after=others)


RUN = {"workerId": PYTHON, "started_at": MOMENT - 9}
RECORD = (
    f'[{{"run":1,"attempt":1,"outcome":"shutdown","worker":"{PYTHON}","start":{MOMENT - 9},"duration":5,"error":null}}]'
)
GOES: dict[str, dict[str, Any]] = {
    "a change at the moment": {"state": "complete", "updated_at": MOMENT},
    "a completed run, and a change later": {"state": "complete", **RUN, "duration": 9, "updated_at": NOW},
    "the same in Node": {"state": "complete", **RUN, "workerId": NODE, "duration": 9, "updated_at": NOW},
    "a failure in an earlier run": {"state": "complete", **RUN, "duration": 9, "failed_at": BEFORE, "updated_at": NOW},
    "a failure, and a change later": {"state": "failed", "failed_at": MOMENT, "updated_at": NOW},
    "no time of its creation": {"state": "failed", "created_at": None, "updated_at": MOMENT},
}
STAYS: dict[str, dict[str, Any]] = {
    "a change later": {"state": "complete", "updated_at": LATER},
    "a run that completed later": {"state": "complete", **RUN, "duration": 10, "updated_at": NOW},
    "a failure later": {"state": "failed", "failed_at": LATER, "updated_at": NOW},
    "the duration of an earlier run": {"state": "complete", **RUN, "duration": 60_000, "updated_at": NOW},
    "a failure after the start, and a move by hand": {
        **{"state": "complete", **RUN, "duration": 1, "failed_at": MOMENT, "updated_at": NOW},
    },
    "a run with a record, and a move by hand": {
        **{"state": "complete", **RUN, "duration": 5, "py_runs": RECORD, "updated_at": NOW},
    },
    "no worker": {"state": "complete", **RUN, "workerId": None, "duration": 9, "updated_at": NOW},
    "no duration": {"state": "complete", **RUN, "updated_at": NOW},
    "a run, and no time of a change": {"state": "complete", **RUN, "duration": 9, "updated_at": None},
    "no time at all": {"state": "failed", "updated_at": None},
    "times that are no numbers": {"state": "failed", "updated_at": "NaN", "failed_at": "soon"},
}


@pytest.mark.parametrize("fields", GOES.values(), ids=GOES)
def test_a_job_goes_that_had_ended_by_the_moment(place: Place, fields: dict[str, Any]) -> None:
    place.seed(job(1, **fields))
    place.check(step(place, state=fields["state"]), reply=[1, -1], after=gone())


@pytest.mark.parametrize("fields", STAYS.values(), ids=STAYS)
def test_a_job_stays_that_ended_later_or_that_does_not_say_when(place: Place, fields: dict[str, Any]) -> None:
    place.seed(job(1, **fields))
    place.check(step(place, state=fields["state"]), reply=[0, -1], after=place.world())


@pytest.mark.parametrize("state", ["complete", "failed"])
def test_a_job_that_a_node_worker_has_just_ended_stays_since_that_still_writes_to_it(place: Place, state: str) -> None:
    just = NOW - NODE_WRITES_MS[state] + 1
    stays = world(*(ended(id, at, state, workerId=NODE) for id, at in ((1, just), (2, NOW), (3, NOW + 50))))
    goes = [ended(4, just - 1, state, workerId=NODE), ended(5, NOW, state), ended(6, NOW, state, workerId=None)]
    place.seed(world(stays, *goes))
    place.check(step(place, state=state, moment=NOW + 100), reply=[3, -1], after=stays)


def test_unique_keys_go_with_their_jobs_unless_another_job_has_them(place: Place) -> None:
    keys = {"order 1": "1", "order 2": "9", "node": "3", "4": "4"}
    place.seed(
        world(
            ended(1, py_unique="order 1"),
            ended(2, py_unique="order 2"),
            ended(3, data='{"unique":"node"}'),
            ended(4, LATER, py_unique="4"),
            {"q:unique:jobs": keys},
        )
    )
    assert place.run(step(place)) == [3, -1]
    assert place.world()["q:unique:jobs"] == {"order 2": "9", "4": "4"}


def test_a_step_removes_a_hundred_jobs_at_most(place: Place) -> None:
    place.seed(world(*(ended(id, priority=id % 2) for id in range(1, 251))))
    assert [place.run(step(place)) for _ in range(4)] == [[100, 0], [100, 0], [50, -1], [0, -1]]
    assert place.world() == gone()


def test_large_data_that_is_read_for_unique_keys_makes_steps_shorter(place: Place) -> None:
    large = '"' + 400_000 * "x" + '"'
    place.seed(world(*(ended(id, data=large) for id in range(1, 8)), {"q:unique:jobs": {"order": "99"}}))
    assert [place.run(step(place)) for _ in range(3)] == [[3, 0], [3, 0], [1, -1]]


def test_jobs_that_were_created_before_and_ended_later_are_passed_and_those_behind_them_go(place: Place) -> None:
    passed = [ended(id, LATER) for id in range(1, 3 * PAGE)]
    place.seed(world(*passed, *(ended(id) for id in range(1000, 1000 + PER_STEP + 5))))
    assert walk(place) == PER_STEP + 5
    assert place.world() == world(*passed)


def test_the_next_step_goes_on_though_the_last_job_of_this_one_is_gone(place: Place) -> None:
    place.seed(world(*(ended(id, LATER if id % 2 else BEFORE) for id in range(1, 801))))
    removed, passed = place.run(step(place))
    assert (removed, passed) == (PER_STEP, PER_STEP)
    for id in (2 * PER_STEP - 1, 2 * PER_STEP + 2):  # one that was passed, and the next that goes
        place.run(place.scripts.remove(id))
    removed, passed = place.run(step(place, passed))
    assert removed == PER_STEP
    assert passed == 2 * PER_STEP


def test_a_priority_is_left_after_many_jobs_in_a_row_that_were_created_later(place: Place) -> None:
    low = [created(id) for id in range(1, IN_A_ROW + 1)]
    unseen = ended(500)
    high = [created(id, priority=5) for id in range(600, 600 + IN_A_ROW - 1)]
    place.seed(world(*low, unseen, *high, ended(800, priority=5), ended(801, priority=9)))
    assert walk(place) == 2
    assert place.world() == world(*low, unseen, *high)


def test_the_next_priority_begins_with_its_first_job_though_others_went_in_this_step(place: Place) -> None:
    later = [created(id) for id in range(100, 100 + IN_A_ROW)]
    place.seed(world(*(ended(id) for id in range(1, 11)), *later, *(ended(id, priority=5) for id in range(500, 503))))
    assert walk(place) == 13
    assert place.world() == world(*later)


def test_the_row_begins_anew_behind_a_job_that_was_created_before(place: Place) -> None:
    stay = [created(id) for id in range(1, 200) if id % (IN_A_ROW - 1)]
    old = [ended(id, LATER) for id in range(1, 200) if id % (IN_A_ROW - 1) == 0]
    place.seed(world(*stay, *old, ended(500)))
    assert walk(place) == 1
    assert place.world() == world(*stay, *old)


def test_the_row_begins_anew_behind_a_job_that_goes(place: Place) -> None:
    later = [created(id) for id in range(1, 2 * IN_A_ROW) if id != IN_A_ROW]
    place.seed(world(*later, ended(IN_A_ROW), ended(500)))
    assert walk(place) == 2
    assert place.world() == world(*later)


def test_jobs_of_a_clock_that_was_wrong_do_not_keep_those_behind_them_for_ever(place: Place) -> None:
    wrong = [ended(id, NOW + 86_400_000, created_at=NOW + 86_400_000) for id in range(1, 3 * IN_A_ROW)]
    place.seed(world(*wrong, *(ended(id) for id in range(1000, 1000 + PER_STEP + 5))))
    assert walk(place) == PER_STEP + 5
    assert place.world() == world(*wrong)


def test_a_walk_that_has_nothing_to_do_looks_at_few_jobs(place: Place) -> None:
    """Behind these there are members without a job: one that was looked at would be named in the reply."""
    seen = [created(id, priority=id % 3) for id in range(1, 3 * IN_A_ROW + 1)]
    unseen = {f"04|{id}": float(id % 3) for id in range(1000, 4000)}
    place.seed(world(*seen, {"q:jobs:email:complete": unseen}))
    assert place.run(step(place)) == [0, -1]


def test_members_that_stand_for_no_job_are_named_and_left_to_the_caller(place: Place) -> None:
    listed = {"q:jobs:email:complete": dict.fromkeys(NO_ZIDS, 0.0)}
    before = world(without(ended(1), "q:job:1"), without(ended(2), "q:job:2/type"), ended(4, LATER), listed)
    place.seed(world(before, ended(3)) | {"q:job:5": "no hash"})
    removed, passed, *broken = place.run(step(place))
    assert (removed, passed) == (1, -1)
    assert sorted(broken) == sorted(["01|1", "01|2", *NO_ZIDS])
    assert place.world() == before | {"q:job:5": "no hash"}


def test_members_whose_job_is_elsewhere_by_now_leave_the_sets(place: Place) -> None:
    """As in `take`: one in another state leaves both sets, one of another type only that of this type."""
    restarted, other = job(1, "inactive"), ended(2, type="pdf")
    listed = {"q:jobs:complete": {"01|1": 0.0}, "q:jobs:email:complete": {"01|1": 0.0, "01|2": 0.0}}
    place.seed(world(restarted, other, listed))
    place.check(step(place), reply=[0, -1], after=world(restarted, other))


@pytest.mark.parametrize("lock", [{}, {"q:py:purge:lock": "other"}])
def test_without_the_lock_nothing_happens(place: Place, lock: World) -> None:
    before = world(ended(1), lock)
    place.seed(before)
    place.check(step(place, turn=Turn("token", 500)), reply=[-1], after=before)


def test_with_the_lock_a_step_keeps_it_for_longer(place: Place) -> None:
    place.seed(world(ended(1), {"q:py:purge:lock": "token"}))
    place.client.pexpire(place.keys.purge_lock, 100)
    place.check(
        step(place, turn=Turn("token", 60_000)), reply=[1, -1], after=world(gone(), {"q:py:purge:lock": "token"})
    )
    assert 50_000 < place.client.pttl(place.keys.purge_lock) <= 60_000


def test_nothing_to_walk_over_is_the_end(place: Place) -> None:
    place.check(step(place), reply=[0, -1], after={})
