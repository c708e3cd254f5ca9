"""A run that was cancelled, and ends otherwise than well: its job fails for good, whatever the run asks for."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from kue.connection.connection import Command
from kue.store import effects
from kue.store.transitions import Failure, GhostOptions, Retry, Transitions, completion
from tests.store.conftest import Place
from tests.store.records import STARTED, history, record
from tests.store.world import BEFORE, NODE, NOW, PYTHON, TYPES, World, gone, job, world

WHY = "Cancelled: why"
BOOM = Failure("boom", "boom", "boom")
STEM = "kue:host:77-beef0001:email:"
FAILED: list[tuple[Any, ...]] = [(1, "error", WHY), (1, "failed", WHY, None)]
SAID = (*effects.send(1, "page", 7, None, keep=False), *effects.log("on the way", (), NOW))
GHOSTS = GhostOptions(5, 0)


def held(cancel: str | None = f"{PYTHON}\n{WHY}", **more: Any) -> World:
    known: dict[str, Any] = {"workerId": PYTHON, "max_attempts": 3, "py_cancel": cancel, **STARTED}
    return job(1, "active", **{**known, **more})


def failed(log: list[str] | None = None, **more: Any) -> World:
    known: dict[str, Any] = {"workerId": PYTHON, "max_attempts": 3, "py_cancel": f"{PYTHON}\n{WHY}", **STARTED}
    known |= {"attempts": 1, "error": WHY, "failed_at": NOW, "updated_at": NOW}
    own = history(record(1, 1, "cancelled", WHY))
    return job(1, "failed", log=log or [WHY], **{**known, **own, **more})


def fails(retry: Retry, mode: str = "", said: Any = ()) -> Callable[[Transitions], Command]:
    return lambda scripts: scripts.fail(1, PYTHON, "email", NOW, BOOM, retry, mode=mode, ghosts=GHOSTS, effects=said)


def requeues(said: Any = ()) -> Callable[[Transitions], Command]:
    return lambda scripts: scripts.requeue(1, PYTHON, "email", NOW, "no reason", said)


def snoozes(said: Any = (), delay: int = 700) -> Callable[[Transitions], Command]:
    return lambda scripts: scripts.snooze(1, PYTHON, "email", NOW, delay, said)


def finds_orphans(scripts: Transitions) -> Command:
    return scripts.requeue_orphans("email", STEM, [(3, 3)], b"0", 100, NOW, "no reason")


ENDS: dict[str, Callable[[Transitions], Command]] = {
    "it fails with attempts left": fails(Retry("inactive")),
    "it fails, and would wait": fails(Retry("delayed", 700)),
    "it fails for good": fails(Retry("failed")),
    "it gives its job back": requeues(),
    "it puts its job off": snoozes(),
    "it puts its job off for no time": snoozes(delay=0),
    "its process never learned of it": finds_orphans,
    "its process died": fails(Retry("inactive"), "lost"),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_the_job_fails_for_good_with_the_error_and_the_run_is_recorded_as_cancelled(
    place: Place, end: Callable[[Transitions], Command]
) -> None:
    place.seed(held())
    place.run(end(place.scripts))
    assert place.world() == failed()
    assert place.events() == FAILED


@pytest.mark.parametrize("end", [requeues(), snoozes(), snoozes(delay=0)])
def test_its_process_learns_how_the_run_has_ended(place: Place, end: Callable[[Transitions], Command]) -> None:
    place.seed(held())
    assert place.run(end(place.scripts)) == [1, "failed", WHY]


def test_a_process_learns_how_many_jobs_have_failed_of_which_it_never_knew(place: Place) -> None:
    place.seed(world(held(), job(2, "active", workerId=f"{STEM}4")))
    assert place.run(place.scripts.requeue_orphans("email", STEM, [(3, 4)], b"0", 100, NOW, "no reason")) == ["0", 2, 1]


@pytest.mark.parametrize("end", [fails(Retry("inactive")), requeues(), snoozes()])
def test_a_second_call_shows_how_the_run_has_ended_if_the_reply_to_the_first_was_lost(
    place: Place, end: Callable[[Transitions], Command]
) -> None:
    place.seed(held())
    place.run(end(place.scripts))
    code, state, worker, _, error = place.run(end(place.scripts))
    assert (code, state, worker, error) == (-1, "failed", PYTHON, WHY)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_job_that_removes_itself_on_failure_goes(place: Place, end: Callable[[Transitions], Command]) -> None:
    place.seed(held(py_remove_on_fail="true", py_unique="order 1", log=["one"]) | {"q:unique:jobs": {"order 1": "1"}})
    place.run(end(place.scripts))
    assert place.world() == gone()
    assert place.events() == [*FAILED, (1, "remove", "email")]


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_another_run_that_was_cancelled_does_not_count(place: Place, end: Callable[[Transitions], Command]) -> None:
    place.seed(held(f"{PYTHON}3\n{WHY}"))
    place.run(end(place.scripts))
    assert place.world()["q:job:1"].get("error") != WHY


@pytest.mark.parametrize("mode", ["ttl", "asked", "expired"])
def test_a_run_that_ends_at_its_ttl_fails_as_cancelled_and_makes_no_ghost(place: Place, mode: str) -> None:
    place.seed(held(ttl=500, score=BEFORE, py_ghost_on_ttl="true"))
    assert place.run(fails(Retry("inactive"), mode)(place.scripts)) == [1, "failed", WHY]
    assert place.world() == failed(ttl=500, py_ghost_on_ttl="true")
    more = {"ttl": [(1, "ttl exceeded")], "asked": [], "expired": []}[mode]
    acknowledged = [] if mode == "expired" else [(1, "ttl exceeded ack")]
    assert place.events() == [*more, FAILED[0], *acknowledged, FAILED[1]]


@pytest.mark.parametrize("make", [lambda said: fails(Retry("failed"), "", said), requeues, snoozes])
def test_what_the_run_reported_comes_first(place: Place, make: Any) -> None:
    place.seed(held())
    place.run(make(SAID)(place.scripts))
    assert place.world() == failed(log=["on the way", WHY])
    assert place.events() == [(1, "page", 7), *FAILED]


def test_a_run_that_completes_its_job_has_done_its_work(place: Place) -> None:
    place.seed(held())
    place.run(place.scripts.complete(NOW, completion(1, PYTHON, 5, b"1")))
    assert place.world()["q:job:1"]["state"] == "complete"


@pytest.mark.parametrize("type", TYPES)
def test_any_type_fails_as_it_is(place: Place, type: str) -> None:
    worker = f"{STEM.replace('email', type)}3"
    place.seed(held(f"{worker}\n{WHY}", type=type, workerId=worker))
    place.run(place.scripts.requeue(1, worker, type, NOW, "no reason"))
    after = place.world()
    [run] = json.loads(after["q:job:1"].pop("py_runs"))  # Lua escapes other characters than Python
    assert run == record(1, 1, "cancelled", WHY, worker=worker)
    assert after == failed(type=type, workerId=worker, py_cancel=f"{worker}\n{WHY}", py_runs=None)


@pytest.mark.parametrize("ghosts", [0, 1])
def test_a_cancelled_job_of_a_dead_process_is_left_to_be_failed(place: Place, ghosts: int) -> None:
    before = held(py_ghosts=ghosts or None)
    place.seed(before)
    runs = [(1, PYTHON)]
    place.check(place.scripts.rescue("kue:host:77-beef0001", NOW, 1, 0, runs), reply=[1, 0, "1"], after=before)


def test_the_next_attempt_counts_the_cancelled_one(place: Place) -> None:
    earlier = record(1, 1, "cancelled", WHY, start=BEFORE - 500, duration=5)
    place.seed(held(None, attempts=1, **history(earlier)))
    place.run(place.scripts.fail(1, PYTHON, "email", NOW, BOOM, Retry("failed")))
    after = place.world()["q:job:1"]["py_runs"]
    assert after == history(earlier, record(2, 2, "failed", "boom"))["py_runs"]


def test_a_node_worker_s_run_is_none_that_was_cancelled(place: Place) -> None:
    place.seed(world(held(workerId=NODE)))
    place.run(place.scripts.fail(1, NODE, "email", NOW, BOOM, Retry("inactive")))
    assert place.world()["q:job:1"]["error"] == "boom"
