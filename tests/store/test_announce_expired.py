"""The script `announce_expired`: says `ttl exceeded` of active jobs past their deadline, under Kue's lock."""

from typing import Any

import pytest

from kue.options.values import STATES
from tests.store.conftest import Place
from tests.store.world import NO_ZIDS, NODE, NODE_LOOKALIKES, NOW, PYTHON, World, job, without, world

LOCK = {"activeJobsTTL:lock": "token"}


END = -1  # there is no further page


def announce(place: Place, limit: int = 100, passed: int = 0) -> Any:
    return place.scripts.announce_expired("token", NOW, limit, passed)


def active(id: int = 1, score: int = NOW, **more: Any) -> World:
    return job(id, "active", **{"workerId": NODE, "ttl": 500, "score": score, **more})


def test_a_job_at_its_deadline_is_announced_and_stays_as_it_is(place: Place) -> None:
    before = world(active(), LOCK)
    place.seed(before)
    place.check(announce(place), reply=[1, END, [], "1", NODE], after=before, events=[(1, "ttl exceeded")])


def test_only_scores_that_are_deadlines_and_past_count(place: Place) -> None:
    before = world(
        active(1, NOW + 1),
        active(2, 100_000, workerId=PYTHON),
        active(3, 99_999),
        job(4, "active", priority=-15),
        job(5, "delayed", promote_at=NOW - 1),
        LOCK,
    )
    place.seed(before)
    place.check(announce(place), reply=[1, END, [], "2", PYTHON], after=before, events=[(2, "ttl exceeded")])


def test_the_longest_overdue_are_first_and_no_more_than_the_limit(place: Place) -> None:
    place.seed(world(active(1, NOW), active(2, NOW - 2), active(10, NOW - 1), LOCK))
    assert place.run(announce(place, 2)) == [1, 2, [], "2", NODE, "10", NODE]
    assert place.events() == [(2, "ttl exceeded"), (10, "ttl exceeded")]
    assert place.run(announce(place, 2, 2)) == [1, END, [], "1", NODE]


def test_nothing_overdue_is_no_error(place: Place) -> None:
    before = world(active(1, NOW + 1), LOCK)
    place.seed(before)
    place.check(announce(place), reply=[1, END, []], after=before)


@pytest.mark.parametrize("lock", [{}, {"activeJobsTTL:lock": "somebody else's"}], ids=["free", "taken"])
def test_without_the_lock_nothing_is_announced(place: Place, lock: World) -> None:
    before = world(active(), lock)
    place.seed(before)
    place.check(announce(place), reply=[-1], after=before)


NEWER = PYTHON.replace("-beef0001:", "-beef0001f:")  # it speaks protocol 15


def test_jobs_of_a_process_with_a_newer_protocol_stay_and_the_next_page_begins_behind_them(place: Place) -> None:
    before = world(*(active(id, NOW - 9, workerId=NEWER) for id in range(1, 4)), active(8, workerId=PYTHON), LOCK)
    place.seed(before)
    place.check(announce(place, 3), reply=[1, 3, []], after=before)
    place.check(announce(place, 3, 3), reply=[1, END, [], "8", PYTHON], after=before, events=[(8, "ttl exceeded")])


@pytest.mark.parametrize("worker", NODE_LOOKALIKES)
def test_a_job_of_a_node_worker_is_announced_whatever_its_type(place: Place, worker: str) -> None:
    before = world(active(workerId=worker), LOCK)
    place.seed(before)
    place.check(announce(place), reply=[1, END, [], "1", worker], after=before, events=[(1, "ttl exceeded")])


IN_THE_WAY = [
    "q:jobs:pdf:active",
    *(f"q:jobs:pdf:{state}" for state in ("inactive", "delayed", "failed")),
    "q:pdf:jobs",
]


@pytest.mark.parametrize("key", IN_THE_WAY)
def test_a_job_that_no_run_could_end_stays_and_the_next_page_begins_behind_it(place: Place, key: str) -> None:
    """A key of its type is of the wrong kind. Announced each second, it would keep others from their turn."""
    before = world(active(1, NOW - 9, type="pdf"), active(2), LOCK) | {key: "poison"}
    place.seed(before)
    place.check(announce(place, 1), reply=[1, 1, []], after=before)
    place.check(announce(place, 1, 1), reply=[1, 2, [], "2", NODE], after=before, events=[(2, "ttl exceeded")])


def test_a_job_that_names_no_worker_is_announced_all_the_same(place: Place) -> None:
    before = world(active(workerId=None), LOCK)
    place.seed(before)
    place.check(announce(place), reply=[1, END, [], "1", ""], after=before, events=[(1, "ttl exceeded")])


ELSEWHERE = {state: job(1, state) for state in STATES if state != "active"}
ELSEWHERE["no state"] = without(job(1, "complete"), "q:job:1/state")


@pytest.mark.parametrize("moved", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_job_in_another_state_leaves_the_active_sets_and_is_not_announced(place: Place, moved: World) -> None:
    listed = {"q:jobs:active": {"01|1": float(NOW)}, "q:jobs:email:active": {"01|1": 0.0}}
    place.seed(world(moved, listed, active(2), LOCK))
    place.check(
        announce(place),
        reply=[1, END, [], "2", NODE],
        after=world(moved, active(2), LOCK),
        events=[(2, "ttl exceeded")],
    )


def test_a_stray_whose_type_has_a_key_of_the_wrong_kind_leaves_the_other_set(place: Place) -> None:
    rest = world(job(1, "complete"), {"q:jobs:email:active": "poison"})
    place.seed(world(rest, {"q:jobs:active": {"01|1": float(NOW)}}, LOCK))
    place.check(announce(place), reply=[1, END, []], after=world(rest, LOCK))


BROKEN = {
    "no hash": without(active(), "q:job:1"),
    "no type": without(active(), "q:job:1/type"),
    "an empty type": active() | {"q:job:1": {"type": "", "state": "active"}},
    "no hash but a list": world(without(active(), "q:job:1"), {"q:job:1": ["poison"]}),
}


@pytest.mark.parametrize("before", BROKEN.values(), ids=BROKEN)
def test_a_job_without_a_type_is_named_and_never_announced(place: Place, before: World) -> None:
    place.seed(world(before, active(2), LOCK))
    place.check(
        announce(place),
        reply=[1, END, ["01|1"], "2", NODE],
        after=world(without(before, "q:jobs:active"), active(2), LOCK),
        events=[(2, "ttl exceeded")],
    )


@pytest.mark.parametrize("member", NO_ZIDS)
def test_a_member_that_is_no_zid_is_named_and_never_announced(place: Place, member: str) -> None:
    before = world(active(9), LOCK)
    place.seed(world(before, {"q:jobs:active": {member: float(NOW - 1)}}))
    place.check(announce(place), reply=[1, END, [member], "9", NODE], after=before, events=[(9, "ttl exceeded")])


def test_a_page_of_strays_alone_is_followed_by_one_that_begins_at_the_same_place(place: Place) -> None:
    strays = {f"02|{id}": float(NOW - 9) for id in range(10, 20)}
    place.seed(world(active(9), {"q:jobs:active": strays}, LOCK))
    reply = place.run(announce(place, 10))
    assert reply == [1, 0, sorted(strays)]
    place.check(
        announce(place, 10), reply=[1, END, [], "9", NODE], after=world(active(9), LOCK), events=[(9, "ttl exceeded")]
    )
