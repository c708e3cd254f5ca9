"""The script `purge_surplus`: one step that removes the oldest ended jobs, by id, until few enough are left."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kue.common.error_reporter import ErrorReporter
from kue.maintenance.purge import purge
from kue.options.purging import Limits
from kue.store.purging import NO_TURN, Purging, Turn
from tests.servers import offered
from tests.store.conftest import Place
from tests.store.world import BEFORE, NO_ZIDS, NODE, NOW, PYTHON, TYPES, World, gone, job, without, world, zid

PER_STEP = 100
MAX_PRIORITIES = 1000
NODE_WRITES_MS = 1000
REPORTER = ErrorReporter(lambda problem: pytest.fail(f"reported: {problem}"))


def ended(
    id: int, priority: int = 0, at: int = BEFORE, state: str = "complete", type: str = "email", **fields: Any
) -> World:
    return job(id, state, type, priority=priority, updated_at=at, **fields)


def step(place: Place, keep: int, *oldest: str, turn: Turn = NO_TURN, type: str = "email", at: int = NOW) -> Any:
    return place.purging.purge_surplus(turn, type, "complete", keep, at, NOW, oldest)


def left(place: Place) -> list[int]:
    return sorted(int(member[3:]) for member in place.world().get("q:jobs:email:complete", {}))


def walk(place: Place, keep: int) -> list[int]:
    """Take steps until there is nothing left to do. Returns how many jobs each removed."""
    removed = []
    while True:
        count, passed, *_ = place.run(step(place, keep))
        removed.append(count)
        if passed < 0:
            return removed


@pytest.mark.parametrize("type", TYPES)
def test_the_oldest_leaves_nothing_but_its_type_and_no_event(place: Place, type: str) -> None:
    stays = world(ended(2, type=type), ended(3, state="failed", type=type), ended(4, type="other"))
    place.seed(world(ended(1, type=type) | {"q:job:1:log": ["a line"]}, stays))
    place.check(step(place, 1, type=type), reply=[1, -1], after=stays)
    place.check(step(place, 1, type=type), reply=[0, -1], after=stays)


def test_the_newest_stay_though_older_ones_of_two_priorities_are_spared(place: Place) -> None:
    spared = [ended(1, at=NOW, workerId=NODE), *(ended(id, -10, at=NOW, workerId=NODE) for id in (3, 5))]
    place.seed(world(*spared, *(ended(id, -10) for id in (2, 4, 6))))
    assert walk(place, 1) == [2, 0]
    assert left(place) == [1, 3, 5, 6]


@pytest.mark.parametrize("keep", [3, 4, 100])
def test_if_no_more_are_there_than_are_kept_all_stay(place: Place, keep: int) -> None:
    before = world(*(ended(id) for id in (1, 2, 3)))
    place.seed(before)
    place.check(step(place, keep), reply=[0, -1], after=before)


def test_the_oldest_by_id_go_whatever_their_priorities(place: Place) -> None:
    place.seed(world(*(ended(id, priority) for id, priority in ((9, -10), (10, 5), (8, 0), (100, 5), (7, 5)))))
    assert place.run(step(place, 2)) == [3, -1]
    assert left(place) == [10, 100]


def test_if_none_are_kept_all_go(place: Place) -> None:
    place.seed(world(*(ended(id, id % 3) for id in range(1, 20))))
    assert walk(place, 0) == [19]
    assert place.world() == gone()


def test_a_step_removes_a_hundred_jobs_at_most(place: Place) -> None:
    place.seed(world(*(ended(id) for id in range(1, 260))))
    assert walk(place, 10) == [PER_STEP, PER_STEP, 49]
    assert left(place) == [*range(250, 260)]


def test_a_change_that_is_too_late_to_be_true_keeps_no_job(place: Place) -> None:
    """A hundred such jobs would keep all others, too."""
    wrong = [ended(id, at=NOW + 86_400_000) for id in range(1, PER_STEP + 1)]
    place.seed(world(*wrong, ended(200), ended(201, at=NOW + 1000)))
    assert walk(place, 0) == [PER_STEP, 1, 0]
    assert left(place) == [201]


def test_jobs_that_ended_later_stay(place: Place) -> None:
    place.seed(world(ended(1, at=NOW), ended(2), ended(3, at=NOW), ended(4)))
    assert place.run(step(place, 0, at=NOW - 1)) == [2, 0]
    assert place.run(step(place, 0, at=NOW - 1)) == [0, -1]
    assert left(place) == [1, 3]


@pytest.mark.parametrize("backend", offered("redis"), indirect=True)
@pytest.mark.parametrize("spares_every", [1, 10])
def test_however_many_of_the_oldest_ended_later_the_others_go_in_few_steps(place: Place, spares_every: int) -> None:
    """In one step after the other, the same oldest jobs would be looked at in vain."""
    later = {id for id in range(1, 4 * PER_STEP + 1) if spares_every == 1 or id % spares_every}
    ids = range(1, 9 * PER_STEP + 1)
    place.seed(world(*(ended(id, id % 3, at=NOW if id in later else BEFORE) for id in ids)))
    steps = [*purge(place.store, REPORTER, [("email", "complete", Limits(keep=PER_STEP))], NOW, spared=1)]
    assert left(place) == [*sorted(later), *range(8 * PER_STEP + 1, 9 * PER_STEP + 1)]
    assert sum(steps) == len(ids) - len(left(place)) and len(steps) == 8


def test_no_newer_job_goes_in_the_place_of_an_older_one_that_stays(place: Place) -> None:
    stays = world(ended(1, at=NOW), ended(5, -10, at=NOW), ended(6, -10), ended(7, -10))
    place.seed(stays)
    place.check(step(place, 2, at=NOW - 1), reply=[0, -1], after=stays)


def test_a_job_that_a_node_worker_has_just_ended_stays_since_that_still_writes_to_it(place: Place) -> None:
    just = NOW - NODE_WRITES_MS + 1
    stays = world(*(ended(id, at=at, workerId=NODE) for id, at in ((1, just), (2, NOW), (3, NOW + 50))))
    goes = [ended(4, at=just - 1, workerId=NODE), ended(5, at=NOW, workerId=PYTHON), ended(6, at=NOW)]
    place.seed(world(stays, *goes))
    assert walk(place, 0) == [3, 0]
    assert place.world() == stays


@pytest.mark.parametrize("backend", offered("redis"), indirect=True)
def test_of_jobs_of_many_priorities_the_oldest_go_as_well(place: Place) -> None:
    place.seed(world(*(ended(id, (id * 37) % 211 - 100) for id in range(1, 601))))
    assert sum(walk(place, 50)) == 550
    assert left(place) == [*range(551, 601)]


@pytest.mark.parametrize("backend", offered("redis"), indirect=True)
def test_a_priority_of_which_a_step_reads_only_some_jobs_has_all_its_oldest_go_first(place: Place) -> None:
    many = [ended(id) for id in range(1, 201)]
    place.seed(world(*many, *(ended(id, priority=id) for id in range(1000, 1060))))
    assert sum(walk(place, 100)) == 160
    assert left(place) == [*range(161, 201), *range(1000, 1060)]


@pytest.mark.parametrize("backend", offered("redis"), indirect=True)
def test_if_there_are_too_many_priorities_the_caller_looks_for_the_oldest(place: Place) -> None:
    place.seed(world(*(ended(id, -id) for id in range(1, MAX_PRIORITIES + 2))))
    assert place.run(step(place, MAX_PRIORITIES)) == [-2]
    assert place.run(step(place, MAX_PRIORITIES - 1, zid(1), zid(2), zid(3))) == [2, -1]
    assert left(place)[:2] == [3, 4]
    place.seed(world(*(ended(id, -id) for id in (1, 2))))
    removed = Purging(place.store).purge_surplus(NO_TURN, "email", "complete", MAX_PRIORITIES, NOW, NOW)
    assert removed is not None and removed.removed == 1
    assert left(place)[:2] == [2, 3]


@pytest.mark.parametrize("backend", offered("redis"), indirect=True)
def test_for_many_steps_the_caller_looks_at_all_members_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a look for each step, a walk over jobs that have a priority each would take a time that grows squared."""
    place.seed(world(*(ended(id, -id) for id in range(1, 2 * MAX_PRIORITIES + 1))))
    looks, each_id = list[str](), place.store.each_id
    monkeypatch.setattr(place.store, "each_id", lambda *of: looks.append("all") or each_id(*of))
    limits = Limits(keep=MAX_PRIORITIES + 1)
    steps = [*purge(place.store, REPORTER, [("email", "complete", limits)], NOW)]
    assert (sum(steps), max(steps), looks) == (MAX_PRIORITIES - 1, PER_STEP, ["all"])
    assert left(place)[0] == MAX_PRIORITIES


@pytest.mark.parametrize("backend", offered("redis"), indirect=True)
def test_jobs_that_went_since_the_caller_looked_are_not_named_and_do_not_end_the_walk(place: Place) -> None:
    place.seed(world(*(ended(id, -id) for id in range(1, 2 * MAX_PRIORITIES + 1))))
    limits, steps = Limits(keep=MAX_PRIORITIES + 1), list[int]()
    for step in purge(place.store, REPORTER, [("email", "complete", limits)], NOW):
        steps.append(step)
        if len(steps) == 1:
            for id in range(PER_STEP + 1, 3 * PER_STEP + 1):
                place.store.remove(id)
    assert steps == [PER_STEP, 0, 0, *[PER_STEP] * 6, PER_STEP - 1]
    assert left(place)[0] == MAX_PRIORITIES


def test_what_stands_for_no_job_is_named_and_left_to_the_caller(place: Place) -> None:
    first = [member for member in NO_ZIDS if member < "01|5"]
    listed = {"q:jobs:email:complete": dict.fromkeys(first, 0.0)}
    place.seed(world(without(ended(5), "q:job:5"), ended(6), ended(7), listed))
    named, passed = set[str](), 0
    while passed == 0:
        _, passed, *broken = place.run(step(place, 1))
        for member in broken:
            place.run(place.scripts.drop_broken(member, ["email"]))
        named.update(broken)
    assert first and named == {*first, "01|5"}
    assert place.world() == ended(7)


def test_members_whose_job_is_elsewhere_by_now_leave_the_sets(place: Place) -> None:
    restarted, other, kept = job(1, "inactive"), ended(2, type="pdf"), ended(3)
    listed = {"q:jobs:complete": {"01|1": 0.0}, "q:jobs:email:complete": {"01|1": 0.0, "01|2": 0.0}}
    place.seed(world(restarted, other, kept, listed))
    place.check(step(place, 1), reply=[0, -1], after=world(restarted, other, kept))


@pytest.mark.parametrize("lock", [{}, {"q:py:purge:lock": "other"}])
def test_without_the_lock_nothing_happens(place: Place, lock: World) -> None:
    before = world(ended(1), lock)
    place.seed(before)
    place.check(step(place, 0, turn=Turn("token", 500)), reply=[-1], after=before)


def test_with_the_lock_a_step_keeps_it_for_longer(place: Place) -> None:
    place.seed(world(ended(1), {"q:py:purge:lock": "token"}))
    place.client.pexpire(place.keys.purge_lock, 100)
    assert place.run(step(place, 0, turn=Turn("token", 60_000))) == [1, -1]
    assert 50_000 < place.client.pttl(place.keys.purge_lock) <= 60_000


JOBS = st.dictionaries(st.integers(1, 10**6), st.integers(-5, 60), max_size=150)  # id to priority


@pytest.mark.parametrize("backend", offered("redis"), indirect=True)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(jobs=JOBS, keep=st.integers(0, 160))
def test_the_newest_are_kept_and_no_others(place: Place, jobs: dict[int, int], keep: int) -> None:
    place.client.flushall()
    place.seed(world(*(ended(id, priority) for id, priority in jobs.items())))
    assert sum(walk(place, keep)) == max(0, len(jobs) - keep)
    assert left(place) == sorted(jobs)[max(0, len(jobs) - keep) :]
