"""The script `retry_jobs`: many jobs are queued again, each as if it were moved by hand."""

from typing import Any

import pytest

from kue.options.values import STATES
from tests.store.conftest import Place
from tests.store.records import STARTED
from tests.store.steps import sets
from tests.store.world import NODE, NOW, PYTHON, TYPES, World, job, world

LOCK = {"promotion:lock": "token"}


def retry(place: Place, *ids: int, state: str = "failed", type: str = "", lock: str = "") -> Any:
    return place.bulk.retry_jobs(ids or (1,), state, type, NOW, lock)


def queued(id: int = 1, type: str = "email", **more: Any) -> World:
    return job(id, type=type, updated_at=NOW, **more)


@pytest.mark.parametrize("state", ["complete", "failed", "delayed"])
@pytest.mark.parametrize("type", TYPES)
def test_a_job_leaves_the_same_world_and_events_as_one_that_is_moved_by_hand(
    place: Place, state: str, type: str
) -> None:
    fields: dict[str, Any] = {**STARTED, "workerId": PYTHON, "attempts": 1, "failed_at": NOW - 5, "error": "boom"}
    before = job(1, state, type, priority=-5, py_unique="k", py_sent="1", py_ghosts=2, py_requeues=1, **fields)
    place.seed(world(before, LOCK))
    assert place.run(place.scripts.set_state(1, "inactive", NOW)) == state
    expected = place.world(), place.events()
    place.client.flushdb()
    place.seed(world(before, LOCK))
    assert place.run(retry(place, state=state, lock="token" if state == "delayed" else "")) == 1
    assert (place.world(), place.events()) == expected


def test_each_of_many_is_queued_in_order_whatever_its_type(place: Place) -> None:
    place.seed(world(job(1, "failed"), job(2, "failed", "sms"), job(3, "failed")))
    place.check(
        retry(place, 1, 2, 3),
        reply=3,
        after=world(queued(1), queued(2, "sms"), queued(3)),
        events=[(1, "enqueue", "email"), (2, "enqueue", "sms"), (3, "enqueue", "email")],
    )


@pytest.mark.parametrize("state", [state for state in STATES if state != "failed"])
def test_a_job_in_another_state_by_now_stays_as_it_is(place: Place, state: str) -> None:
    before = world(job(1, state), {"q:job:3": "no hash"})
    place.seed(before)
    place.check(retry(place, 1, 2, 3), reply=0, after=before)


def test_a_job_of_another_type_stays_as_it_is(place: Place) -> None:
    place.seed(world(job(1, "failed"), job(2, "failed", "sms")))
    assert place.run(retry(place, 1, 2, type="sms")) == 1
    assert place.world() == world(job(1, "failed"), queued(2, "sms"))


RETRIED: dict[str, Any] = {"workerId": NODE, "attempts": 1, "max_attempts": 3, "failed_at": NOW - 4999, "error": "boom"}


def test_a_job_that_a_node_worker_is_about_to_queue_itself_stays_as_it_is(place: Place) -> None:
    before = job(1, "failed", **RETRIED)
    place.seed(before)
    place.check(retry(place), reply=0, after=before)


@pytest.mark.parametrize(("ago", "count"), [(999, 0), (1000, 1)])
def test_a_job_that_a_node_worker_has_just_completed_stays_as_it_is(place: Place, ago: int, count: int) -> None:
    """It counts the attempt next, and then removes the job if that asks for it."""
    place.seed(job(1, "complete", workerId=NODE, updated_at=NOW - ago))
    assert place.run(retry(place, state="complete")) == count


@pytest.mark.parametrize("more", [{"failed_at": NOW - 5000}, {"attempts": 3}, {"workerId": PYTHON}])
def test_a_job_that_stays_failed_is_queued(place: Place, more: dict[str, Any]) -> None:
    place.seed(job(1, "failed", **RETRIED | more))
    assert place.run(retry(place)) == 1


def test_a_delayed_job_is_queued_only_under_the_lock(place: Place) -> None:
    before = world(job(1, "delayed"), LOCK)
    place.seed(before)
    place.check(retry(place, state="delayed", lock="another"), reply=-1, after=before)


@pytest.mark.parametrize("poisoned", ["q:jobs:email:failed", "q:jobs:email:inactive", "q:email:jobs"])
def test_a_type_with_a_key_of_the_wrong_kind_holds_up_no_other_type(place: Place, poisoned: str) -> None:
    before = world(job(1, "failed"), job(2, "failed", "sms")) | {poisoned: "poison"}
    place.seed(before)
    assert place.run(retry(place, 1, 2)) == 1
    assert place.world() == world(job(1, "failed"), queued(2, "sms")) | {poisoned: "poison"}


@pytest.mark.parametrize("poisoned", [sets("failed")[0], sets("inactive")[0]])
def test_with_a_set_of_the_wrong_kind_nothing_is_written(place: Place, poisoned: str) -> None:
    before = job(1, "failed") | {poisoned: "poison"}
    place.seed(before)
    place.check(retry(place), reply=0, after=before)
