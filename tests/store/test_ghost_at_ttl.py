"""The script `fail` for a job with `ghost_on_ttl`: while ghosts are left, a run that ends at its ttl uses none up."""

from typing import Any

import pytest

from kue.errors import RedisRefused
from kue.store import effects
from kue.store.transitions import GhostOptions, Retry
from tests.store.conftest import Place
from tests.store.records import STARTED, history, record
from tests.store.test_fail import AT_ONCE, LOCK, NEVER, TTL, after, held
from tests.store.test_fail import fail as fail_script
from tests.store.world import NODE, NOW, PYTHON, TYPES, World, job, world

MODES = {"ttl": [(1, "ttl exceeded"), (1, "ttl exceeded ack")], "asked": [(1, "ttl exceeded ack")], "expired": []}
QUEUE_OPTIONS = GhostOptions(1, 0)
PROCESS = "kue:host:77-beef0001"


def fail(place: Place, mode: str = "ttl", retry: Retry = AT_ONCE, **more: Any) -> Any:
    if mode == "expired":
        place.client.set(LOCK, "token")
        more["ttl_lock"] = "token"
    return fail_script(place, retry, TTL, **{"mode": mode, "ghosts": QUEUE_OPTIONS, **more})


def asking(**more: Any) -> World:
    """An active job that becomes a ghost at its ttl, which is over."""
    return held(**{"ttl": 500, "score": NOW, "py_ghost_on_ttl": "true", **more})


def ghost(state: str = "inactive", *, number: int = 1, most: int = 1, **more: Any) -> World:
    """What `asking()` is once it has become a ghost."""
    known = {"workerId": PYTHON, "max_attempts": 3, "ttl": 500, "py_ghost_on_ttl": "true", "py_ghosts": number}
    lines = [f"TTL exceeded: put back ({number} of {most})"]
    return job(1, state, **{**known, "updated_at": NOW, "log": lines, **more})


def locked(mode: str, whole: World) -> World:
    return whole | {LOCK: "token"} if mode == "expired" else whole


@pytest.mark.parametrize("mode", MODES)
def test_a_ghost_is_queued_without_an_attempt_an_error_or_a_failed_attempt(place: Place, mode: str) -> None:
    place.seed(asking())
    place.check(
        fail(place, mode),
        reply=[1, "inactive", 1, 1],
        after=locked(mode, ghost()),
        events=[*MODES[mode], (1, "enqueue", "email")],
    )


@pytest.mark.parametrize("mode", MODES)
def test_after_the_last_ghost_the_rules_of_attempts_apply(place: Place, mode: str) -> None:
    place.seed(asking(py_ghosts=1))
    place.check(
        fail(place, mode),
        reply=[1, "inactive"],
        after=locked(mode, after("inactive", TTL, ttl=500, py_ghost_on_ttl="true", py_ghosts=1)),
        events=[
            *MODES[mode][:-1],
            (1, "error", "TTL exceeded"),
            *MODES[mode][-1:],
            (1, "enqueue", "email"),
            (1, "failed attempt", "TTL exceeded", 1),
        ],
    )


def test_a_ghost_goes_back_although_no_attempt_is_left(place: Place) -> None:
    place.seed(asking(max_attempts=1))
    place.check(
        fail(place, retry=NEVER),
        reply=[1, "inactive", 1, 1],
        after=ghost(max_attempts=1),
        events=[*MODES["ttl"], (1, "enqueue", "email")],
    )


def test_with_a_delay_a_ghost_waits_and_the_job_s_own_delay_stays(place: Place) -> None:
    place.seed(asking(delay=9))
    place.check(
        fail(place, retry=Retry("delayed", 5000), ghosts=GhostOptions(2, 700)),
        reply=[1, "delayed", 1, 2],
        after=ghost("delayed", most=2, delay=9, promote_at=NOW + 700),
        events=MODES["ttl"],
    )


def test_a_job_s_own_options_come_before_those_of_the_queue(place: Place) -> None:
    own = {"py_ghost_retries": 3, "py_ghost_delay": 900}
    place.seed(asking(py_ghosts=1, **own))
    place.run(fail(place))
    assert place.world() == ghost("delayed", number=2, most=3, promote_at=NOW + 900, **own)


def test_a_job_may_refuse_to_be_a_ghost_and_a_delay_of_the_queue(place: Place) -> None:
    place.seed(asking(py_ghost_retries=0))
    assert place.run(fail(place)) == [1, "inactive"]
    place.client.flushall()
    place.seed(asking(py_ghost_delay=0))
    assert place.run(fail(place, ghosts=GhostOptions(1, 700))) == [1, "inactive", 1, 1]


def test_the_options_of_a_dead_process_come_before_those_of_the_checker(place: Place) -> None:
    owner = {f"q:py:worker:{PROCESS}": {"ghost_retries": "5", "ghost_delay": "700"}}
    place.seed(world(asking(py_ghosts=2), owner))
    place.run(fail(place, "expired", ghosts=GhostOptions(0, 0, PROCESS)))
    assert place.world() == locked("expired", world(ghost("delayed", number=3, most=5, promote_at=NOW + 700), owner))


@pytest.mark.parametrize("record_of_process", [{}, {f"q:py:worker:{PROCESS}": "poison"}], ids=["none", "wrong kind"])
def test_without_a_readable_record_the_checker_decides(place: Place, record_of_process: World) -> None:
    place.seed(world(asking(), record_of_process))
    place.run(fail(place, "expired", ghosts=GhostOptions(1, 0, PROCESS)))
    assert place.world() == locked("expired", world(ghost(), record_of_process))


def test_a_checker_makes_a_ghost_of_the_run_of_a_dead_node_worker_as_well(place: Place) -> None:
    place.seed(asking(workerId=NODE))
    assert place.run(fail(place, "expired", worker=NODE)) == [1, "inactive", 1, 1]
    assert place.world() == locked("expired", ghost(workerId=NODE))


@pytest.mark.parametrize("mode", ["", "lost"])
def test_a_run_that_fails_for_another_reason_is_no_ghost(place: Place, mode: str) -> None:
    place.seed(asking())
    place.run(fail_script(place, AT_ONCE, mode=mode, dead_process=PROCESS if mode else "", ghosts=QUEUE_OPTIONS))
    assert place.world() == after("inactive", ttl=500, py_ghost_on_ttl="true")


@pytest.mark.parametrize(
    ("set_by_handler", "is_ghost"),
    [({"py_ghost_on_ttl": "true"}, True), ({"py_ghost_on_ttl": "true", "py_ghost_retries": 0}, False)],
)
def test_what_the_handler_set_counts(place: Place, set_by_handler: dict[str, Any], is_ghost: bool) -> None:
    place.seed(held(ttl=500, score=NOW))
    said = [part for option in set_by_handler.items() for part in effects.option(*option)]
    assert place.run(fail(place, effects=said)) == ([1, "inactive", 1, 1] if is_ghost else [1, "inactive"])
    assert place.world() == (ghost() if is_ghost else after("inactive", TTL, ttl=500, **set_by_handler))


def test_an_option_that_the_handler_reset_does_not_count(place: Place) -> None:
    place.seed(asking())
    assert place.run(fail(place, effects=effects.option("py_ghost_on_ttl", None))) == [1, "inactive"]


def test_a_ghost_is_recorded_and_shares_its_attempt_with_the_next_run(place: Place) -> None:
    place.seed(asking(**STARTED))
    place.run(fail(place))
    first = record(1, 1, "ghost", "TTL exceeded")
    assert place.world() == ghost(**STARTED, **history(first))

    place.client.flushall()
    again = {**STARTED, "py_ghosts": 1, "workerId": PYTHON + "1"}
    place.seed(asking(**again, **history(first)))
    place.run(fail(place, worker=PYTHON + "1"))
    two = history(first, record(2, 1, "ttl", "TTL exceeded", worker=PYTHON + "1"))
    assert place.world() == after("inactive", TTL, ttl=500, py_ghost_on_ttl="true", **again, **two)


@pytest.mark.parametrize("type", TYPES)
def test_any_type_is_queued_as_it_is(place: Place, type: str) -> None:
    place.seed(asking(type=type))
    place.check(
        fail(place, type=type),
        reply=[1, "inactive", 1, 1],
        after=ghost(type=type),
        events=[*MODES["ttl"], (1, "enqueue", type)],
    )


def test_a_set_of_the_wrong_kind_is_refused_and_nothing_is_written(place: Place) -> None:
    before = world(asking(), {"q:jobs:delayed": "poison"})
    place.seed(before)
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(fail(place, ghosts=GhostOptions(1, 700)))
    assert place.world() == before
    assert place.events() == []
