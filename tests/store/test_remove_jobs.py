"""The script `remove_jobs`: many jobs are removed, each with all that belongs to it."""

from typing import Any

import pytest

from kue.errors import RedisRefused
from kue.options.values import STATES
from kue.store.bulk import Bulk
from tests.servers import offered
from tests.store.conftest import Place
from tests.store.world import BEFORE, NODE, NOW, PYTHON, TYPES, World, gone, job, without, world

MAX_SCRIPT_MS = 20
LOCK = {"promotion:lock": "token"}


def remove(place: Place, *ids: int, state: str = "failed", type: str = "", lock: str = "") -> Any:
    return place.bulk.remove_jobs(ids or (1,), state, type, NOW, lock)


def one(state: str = "failed", type: str = "email") -> World:
    return world(job(1, state, type, log=["one", "two"], py_unique="k"), {"q:unique:jobs": {"k": "1", "other": "2"}})


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("type", TYPES)
def test_a_job_leaves_the_same_world_and_events_as_one_that_is_removed_alone_but_no_token(
    place: Place, state: str, type: str
) -> None:
    place.seed(world(one(state, type), LOCK))
    assert place.run(place.scripts.remove(1)) == 1
    tokens = f"q:{type}:jobs"
    expected = {key: content for key, content in place.world().items() if key != tokens}, place.messages()
    place.client.flushdb()
    place.seed(world(one(state, type), LOCK))
    assert place.run(remove(place, state=state, lock="token")) == [1, 1]
    assert (place.world(), place.messages()) == expected


def test_each_of_many_goes_with_an_event(place: Place) -> None:
    place.seed(
        world(job(1, "failed"), job(2, "failed", "sms"), job(3, "failed"), job(4, "failed", created_at=BEFORE + 1))
    )
    place.check(
        remove(place, 1, 2, 3),
        reply=[3, 3],
        after=world(job(4, "failed", created_at=BEFORE + 1), gone("sms")),
        events=[(1, "remove", "email"), (2, "remove", "sms"), (3, "remove", "email")],
    )


@pytest.mark.parametrize("state", [state for state in STATES if state != "failed"])
def test_a_job_in_another_state_by_now_stays_as_it_is(place: Place, state: str) -> None:
    before = world(job(1, state), {"q:job:3": "no hash"})
    place.seed(before)
    place.check(remove(place, 1, 2, 3), reply=[0, 3], after=before)


def test_a_job_of_another_type_stays_as_it_is(place: Place) -> None:
    place.seed(world(job(1, "failed"), job(2, "failed", "sms")))
    assert place.run(remove(place, 1, 2, type="sms")) == [1, 2]
    assert place.world() == world(job(1, "failed"), gone("sms"))


RETRIED: dict[str, Any] = {"workerId": NODE, "attempts": 1, "max_attempts": 3, "failed_at": NOW - 4999, "error": "boom"}
NODES: dict[str, tuple[str, World]] = {
    "that its worker runs": ("active", job(1, "active", workerId=NODE)),
    "that its worker has popped": ("inactive", without(job(1), "q:jobs:email:inactive")),
    "that its worker is about to queue again": ("failed", job(1, "failed", **RETRIED)),
    "whose attempt its worker counts next": ("complete", job(1, "complete", workerId=NODE, updated_at=NOW - 999)),
}


@pytest.mark.parametrize(("state", "before"), NODES.values(), ids=NODES)
def test_a_job_of_node_stays_as_it_is(place: Place, state: str, before: World) -> None:
    place.seed(before)
    place.check(remove(place, state=state), reply=[0, 1], after=before)


NOT_NODES: dict[str, World] = {
    "that runs in Python": job(1, "active", workerId=PYTHON),
    "that was made active by hand": job(1, "active"),
    "that Node has failed a while ago": job(1, "failed", **RETRIED | {"failed_at": NOW - 5000}),
    "that Node has failed for good": job(1, "failed", **RETRIED | {"attempts": 3}),
    "that Node has completed a while ago": job(1, "complete", workerId=NODE, updated_at=NOW - 1000),
    "that Python has completed": job(1, "complete", workerId=PYTHON, updated_at=NOW),
    "that Python has failed": job(1, "failed", **RETRIED | {"workerId": PYTHON}),
}


@pytest.mark.parametrize("before", NOT_NODES.values(), ids=NOT_NODES)
def test_another_job_goes(place: Place, before: World) -> None:
    place.seed(before)
    state = str(before["q:job:1"]["state"])
    assert place.run(remove(place, state=state)) == [1, 1]
    assert place.world() == gone()


def test_each_job_that_waits_keeps_a_token(place: Place) -> None:
    place.seed(world(job(1), job(2), job(3, tokens=0), job(4, type="sms", tokens=7)))
    assert place.run(remove(place, 1, 4, state="inactive")) == [2, 2]  # a worker has the third token of the first type
    assert place.world()["q:email:jobs"] == ["1"] * 2
    assert place.world()["q:sms:jobs"] == ["1"] * 6


def test_a_list_of_tokens_of_the_wrong_kind_holds_up_no_other_type(place: Place) -> None:
    poison = {"q:email:jobs": "poison"}
    place.seed(world(job(1), job(2, type="sms")) | poison)
    assert place.run(remove(place, 1, 2, state="inactive")) == [1, 2]
    assert place.world() == world(job(1), gone("sms")) | poison


MARGIN = 1000  # that a delayed job counts as due before its time


@pytest.mark.parametrize("due", [NOW - 1, NOW + MARGIN])
def test_a_delayed_job_that_is_due_or_almost_goes_only_under_the_lock(place: Place, due: int) -> None:
    before = world(job(1, "delayed", promote_at=due), LOCK)
    place.seed(before)
    for lock in ("", "another"):
        place.check(remove(place, state="delayed", lock=lock), reply=[0, 1, "1"], after=before)
    assert place.run(remove(place, state="delayed", lock="token")) == [1, 1]
    assert place.world() == world(gone(), LOCK)


def test_a_delayed_job_whose_time_is_far_needs_no_lock(place: Place) -> None:
    place.seed(job(1, "delayed", promote_at=NOW + MARGIN + 1))
    assert place.run(remove(place, state="delayed")) == [1, 1]


def test_a_type_with_a_key_of_the_wrong_kind_holds_up_no_other_type(place: Place) -> None:
    poison = {"q:jobs:email:failed": "poison"}
    place.seed(world(job(1, "failed"), job(2, "failed", "sms")) | poison)
    assert place.run(remove(place, 1, 2)) == [1, 2]
    assert place.world() == world(job(1, "failed"), gone("sms")) | poison


def test_with_a_set_of_all_jobs_of_the_wrong_kind_it_is_refused(place: Place) -> None:
    before = job(1, "failed") | {"q:jobs": "poison"}
    place.seed(before)
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(remove(place))
    assert place.world() == before


BESIDE_A_KEY = {"q:unique:jobs": {"other": "99"}}


def test_it_ends_early_after_so_many_bytes_of_data_beside_a_unique_key(place: Place) -> None:
    long = [job(id, "failed", data=f'"{"x" * 600_000}"') for id in (1, 2, 3)]
    place.seed(world(*long, BESIDE_A_KEY))
    assert place.run(remove(place, 1, 2, 3)) == [2, 2]
    assert place.world() == world(long[2], BESIDE_A_KEY)


def test_data_that_is_not_read_does_not_count(place: Place) -> None:
    data = f'"{"x" * 600_000}"'
    place.seed(world(*(job(id, "failed", data=data, py_unique="k") for id in (1, 2, 3)), BESIDE_A_KEY))
    assert place.run(remove(place, 1, 2, 3)) == [3, 3]
    assert place.world() == world(gone(), BESIDE_A_KEY)


def test_jobs_that_one_script_leaves_go_in_the_next_and_so_do_those_that_are_due(place: Place) -> None:
    data = f'"{"x" * 600_000}"'
    far = [job(id, "delayed", data=data, promote_at=place.store.now() + 60_000) for id in (1, 2, 3, 4, 5)]
    due = [job(id, "delayed", data=data) for id in (6, 7, 8, 9, 10)]
    place.seed(world(*far, *due, BESIDE_A_KEY))
    assert Bulk(place.store).remove_jobs([6, 1, 7, 2, 8, 3, 9, 4, 10, 5], "delayed", "") == 10
    assert place.world() == world(gone(), BESIDE_A_KEY)


def processor_ms(place: Place) -> float:
    """What the server has used. It says what a script costs, however busy the machine is."""
    used: dict[str, Any] = place.client.info("cpu")
    return 1000 * float(used["used_cpu_user"] + used["used_cpu_sys"])


@pytest.mark.parametrize("backend", offered("redis"), indirect=True)
def test_no_script_takes_long_however_long_the_data_is_that_it_reads(place: Place) -> None:
    data = f'{{"unique":"k","text":"{"x" * 1_000_000}"}}'
    ids = list(range(1, 61))
    for id in ids:
        place.seed(job(id, "failed", data=data))
    place.seed(BESIDE_A_KEY)
    longest = 0.0
    while ids:
        before = processor_ms(place)
        count, looked_at = place.run(remove(place, *ids))
        longest = max(longest, processor_ms(place) - before)
        assert count == looked_at
        ids = ids[looked_at:]
    assert longest < MAX_SCRIPT_MS
    assert place.world() == world(gone(), BESIDE_A_KEY)
