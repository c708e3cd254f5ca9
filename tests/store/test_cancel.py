"""The script `cancel`: a waiting job fails at once, and the process that runs a job finds mail."""

from typing import Any

import pytest

from kue.errors import RedisRefused
from kue.store.mail import KEPT_MS, cancelled_by_mail, cancelled_run
from tests.store.conftest import Place
from tests.store.records import STARTED, history, record
from tests.store.steps import sets
from tests.store.world import (
    BEFORE,
    NODE,
    NODE_LOOKALIKES,
    NOW,
    PYTHON_LOOKALIKES,
    TYPES,
    World,
    job,
    without,
    world,
)

PROCESS = "kue:host:77-beef00011"  # which reads mail, since it speaks protocol 1
RUN = f"{PROCESS}:email:3"
MAIL = f"q:py:mail:{PROCESS}"
WHY = 'Cancelled: wrong "file" / d\u00e9j\u00e0 vu'
TOLD = f"{RUN}\n{WHY}"
LOCK = {"promotion:lock": "token"}
MARGIN = 1000  # that a delayed job counts as due before its time


def cancel(place: Place, *ids: int, **more: Any) -> Any:
    return place.bulk.cancel(ids or (1,), NOW, WHY, **{"alone": not ids, **more})


def cancelled(id: int = 1, **more: Any) -> World:
    known = {"error": WHY, "failed_at": NOW, "updated_at": NOW, "log": [WHY]}
    return job(id, "failed", **{**known, **more})


def told_of(id: int = 1, type: str = "email") -> list[tuple[Any, ...]]:
    return [(id, "error", WHY), (id, "failed", WHY, None)]


def held(**more: Any) -> World:
    return job(1, "active", **{"workerId": RUN, "max_attempts": 3, **more})


@pytest.mark.parametrize("type", TYPES)
def test_an_inactive_job_fails_with_the_events_of_a_failure_and_its_token_goes(place: Place, type: str) -> None:
    place.seed(job(1, type=type, attempts=1, max_attempts=3, priority=-5))
    place.check(
        cancel(place),
        reply=[f"cancelled:{type}"],
        after=cancelled(type=type, attempts=1, max_attempts=3, priority=-5),
        events=told_of(),
    )


def test_a_delayed_job_fails_before_its_time(place: Place) -> None:
    place.seed(job(1, "delayed", promote_at=NOW + MARGIN + 1, delay=5000))
    after = cancelled(promote_at=NOW + MARGIN + 1, delay=5000)
    place.check(cancel(place), reply=["cancelled:email"], after=after, events=told_of())


def test_a_waiting_job_stays_among_the_failed_ones_even_if_it_would_go_after_a_run(place: Place) -> None:
    place.seed(job(1, py_remove_on_fail="true"))
    after = cancelled(py_remove_on_fail="true")
    place.check(cancel(place), reply=["cancelled:email"], after=after, events=told_of())


@pytest.mark.parametrize("due", [BEFORE, NOW, NOW + MARGIN])
def test_a_delayed_job_that_is_due_or_almost_fails_only_under_the_lock(place: Place, due: int) -> None:
    before = job(1, "delayed", promote_at=due)
    place.seed(world(before, LOCK))
    for lock in ("", "another"):
        place.check(cancel(place, lock=lock), reply=["due"], after=world(before, LOCK))
    place.check(
        cancel(place, lock="token"),
        reply=["cancelled:email"],
        after=world(cancelled(promote_at=due), LOCK),
        events=told_of(),
    )


def test_the_time_of_a_delayed_job_is_its_score_which_node_reads(place: Place) -> None:
    before = job(1, "delayed", promote_at=NOW + 9000, score=NOW)
    place.seed(before)
    place.check(cancel(place), reply=["due"], after=before)


def test_the_process_of_a_running_job_finds_the_run_in_its_mail_and_nothing_else_changes(place: Place) -> None:
    place.seed(held())
    place.check(cancel(place), reply=["told"], after=world(held(py_cancel=TOLD), {MAIL: [f"cancel {TOLD}"]}))
    assert 0 < place.client.pttl(place.keys.mail(PROCESS)) <= KEPT_MS
    assert cancelled_run(TOLD.encode()) == (RUN, WHY)
    assert cancelled_by_mail(f"cancel {TOLD}".encode()) == (RUN, WHY)


def test_the_first_reason_counts_and_is_sent_once(place: Place) -> None:
    after = world(held(py_cancel=TOLD), {MAIL: [f"cancel {TOLD}"]})
    place.seed(after)
    place.check(place.bulk.cancel([1], NOW, "Cancelled: again"), reply=["told before"], after=after)


def test_that_an_earlier_run_was_cancelled_does_not_count_for_this_one(place: Place) -> None:
    place.seed(held(py_cancel=f"{RUN}1\n{WHY}"))
    place.check(cancel(place), reply=["told"], after=world(held(py_cancel=TOLD), {MAIL: [f"cancel {TOLD}"]}))


@pytest.mark.parametrize("state", ["complete", "failed"])
def test_a_job_that_has_ended_stays_as_it_is(place: Place, state: str) -> None:
    place.seed(job(1, state, workerId=NODE))
    place.check(cancel(place), reply=[state], after=job(1, state, workerId=NODE))


@pytest.mark.parametrize("worker", [NODE, *NODE_LOOKALIKES, "kue:host:77-beef0001:email:3"])
def test_a_job_of_a_node_worker_or_of_an_old_process_stays_as_it_is(place: Place, worker: str) -> None:
    place.seed(held(workerId=worker))
    place.check(cancel(place), reply=["node"], after=held(workerId=worker))


@pytest.mark.parametrize("type", PYTHON_LOOKALIKES)
def test_a_python_run_is_known_whatever_its_type_looks_like(place: Place, type: str) -> None:
    worker = f"{PROCESS}:{type}:3"
    place.seed(held(workerId=worker, type=type))
    assert place.run(cancel(place)) == ["told"]
    assert place.world()[MAIL] == [f"cancel {worker}\n{WHY}"]


ON_THE_WAY = {
    "popped by a Node worker": without(job(1), "q:jobs:email:inactive"),
    "its save is not over": without(job(1), "q:job:1/state"),
}


@pytest.mark.parametrize("before", ON_THE_WAY.values(), ids=ON_THE_WAY)
def test_a_job_on_its_way_to_node_stays_as_it_is(place: Place, before: World) -> None:
    place.seed(before)
    place.check(cancel(place), reply=["node"], after=before)


RETRIED = {"workerId": NODE, "attempts": 1, "max_attempts": 3, "failed_at": NOW - 4999, "error": "Error: boom"}


ABOUT_TO_QUEUE: dict[str, dict[str, Any]] = {
    "for any error": {},
    "for an error like that of a cancelled job": {"error": WHY},
    "after it was cancelled, and retried by hand": {"py_cancel": f"{NODE}\n{WHY}"},
}


@pytest.mark.parametrize("more", ABOUT_TO_QUEUE.values(), ids=ABOUT_TO_QUEUE)
def test_a_failed_job_that_a_node_worker_is_about_to_queue_again_stays_as_it_is(
    place: Place, more: dict[str, Any]
) -> None:
    before = job(1, "failed", **RETRIED | more)
    place.seed(before)
    place.check(cancel(place), reply=["node"], after=before)


def test_a_job_that_a_node_worker_had_is_known_as_cancelled_at_once(place: Place) -> None:
    place.seed(job(1, "delayed", **RETRIED, promote_at=NOW + 60_000))
    assert place.run(cancel(place)) == ["cancelled:email"]
    after = place.world()
    assert place.run(cancel(place)) == ["failed"]
    assert place.world() == after
    assert place.run(place.bulk.retry_jobs([1], "failed", "", NOW)) == 1


FAILED_FOR_GOOD: dict[str, dict[str, Any]] = {
    "without attempts left": {"attempts": 3},
    "a while ago": {"failed_at": NOW - 5000},
    "since it was cancelled": {"error": "Cancelled: why", "py_cancel": f"{NODE}\nCancelled: why"},
    "in Python": {"workerId": RUN},
    "without a worker": {"workerId": None},
}


@pytest.mark.parametrize("more", FAILED_FOR_GOOD.values(), ids=FAILED_FOR_GOOD)
def test_a_failed_job_that_stays_failed_has_ended(place: Place, more: dict[str, Any]) -> None:
    place.seed(job(1, "failed", **RETRIED | more))
    place.check(cancel(place), reply=["failed"], after=job(1, "failed", **RETRIED | more))


def test_a_job_that_was_made_active_by_hand_fails_at_once(place: Place) -> None:
    place.seed(job(1, "active"))
    place.check(cancel(place), reply=["cancelled:email"], after=cancelled(), events=told_of())


def test_the_last_run_of_a_node_worker_is_recorded_before_its_error_goes(place: Place) -> None:
    ran = {**STARTED, "workerId": NODE, "attempts": 1, "max_attempts": 3}
    place.seed(job(1, **ran, failed_at=BEFORE + 7, error="Error: first"))
    place.run(cancel(place))
    of_node = record(1, 1, "failed", "Error: first", worker=NODE, duration=7)
    assert place.world() == cancelled(**ran, **history(of_node), py_cancel=f"{NODE}\n{WHY}")


def test_a_job_that_was_only_put_back_gets_no_record(place: Place) -> None:
    place.seed(job(1, **STARTED, workerId=RUN))
    place.run(cancel(place))
    assert place.world() == cancelled(**STARTED, workerId=RUN)


def test_a_fence_keeps_a_run_from_cancelling_what_it_does_not_hold(place: Place) -> None:
    place.seed(held())
    place.check(cancel(place, fence=f"{RUN}1"), reply=["lost"], after=held())
    place.check(cancel(place, fence=str(BEFORE + 1)), reply=["other"], after=held())
    assert place.run(cancel(place, fence=RUN)) == ["told"]


def test_a_job_that_is_gone_or_of_another_type_is_none(place: Place) -> None:
    place.seed(job(1))
    assert place.run(cancel(place, 1, 2, type="sms")) == ["gone", "gone"]
    assert place.run(cancel(place, 2)) == ["gone"]
    assert place.world() == job(1)


def test_each_of_many_jobs_has_its_word(place: Place) -> None:
    place.seed(world(job(1), job(2, "complete"), job(3, "active", workerId=NODE), job(4, "delayed"), {"q:job:5": "x"}))
    assert place.run(cancel(place, 1, 2, 3, 4, 5)) == ["cancelled:email", "complete", "node", "due", "gone"]
    assert place.events() == told_of()


def test_the_last_of_many_jobs_may_have_a_hash_of_the_wrong_kind(place: Place) -> None:
    """The caller goes on with the others, in as many scripts as it takes."""
    place.seed({"q:job:1": "x"})
    place.check(cancel(place, 1), reply=["gone"], after={"q:job:1": "x"})


@pytest.mark.parametrize("poisoned", ["q:jobs:email:inactive", "q:jobs:email:failed", "q:email:jobs", MAIL])
def test_of_many_jobs_those_that_need_a_key_of_the_wrong_kind_stay(place: Place, poisoned: str) -> None:
    place.seed(world(job(1), job(2, "active", workerId=RUN), job(3, type="sms")) | {poisoned: "poison"})
    assert place.run(cancel(place, 2 if poisoned == MAIL else 1)) == ["blocked"]  # the last of many, in a script alone
    words = place.run(cancel(place, 1, 2, 3))
    assert words == [*(["cancelled:email", "blocked"] if poisoned == MAIL else ["blocked", "told"]), "cancelled:sms"]
    assert [place.world()[f"q:job:{id}"]["state"] for id in (2, 3)] == ["active", "failed"]


def test_each_job_that_waits_keeps_a_token(place: Place) -> None:
    place.seed(world(job(1), job(2), job(3, tokens=0), job(4, type="sms", tokens=7)))
    place.run(cancel(place, 1, 4))  # a worker has the third token, and finds no job or the one of another
    assert place.world()["q:email:jobs"] == ["1"] * 2
    assert place.world()["q:sms:jobs"] == ["1"] * 6


@pytest.mark.parametrize("poisoned", ["q:job:1", *sets("failed"), "q:jobs:email:inactive", "q:jobs:inactive"])
def test_a_key_of_the_wrong_kind_is_refused_and_nothing_is_written(place: Place, poisoned: str) -> None:
    before = job(1) | {poisoned: ["poison"]}
    place.seed(before)
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(cancel(place))
    assert place.world() == before
    assert place.events() == []
