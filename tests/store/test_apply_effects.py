"""The script `say`: what a run, or anybody with a job in hand, says of it."""

from typing import Any

import pytest

from kue.errors import RedisRefused
from kue.store import effects
from tests.store.conftest import Place
from tests.store.world import BEFORE, NODE, NOW, PYTHON, TYPES, World, job, without

MARGIN = 5000
TTL = 60_000
TOUCH = ("touch", "", "")


def held(**more: Any) -> World:
    return job(1, "active", **{"workerId": PYTHON, **more})


def say(place: Place, said: Any, worker: str = PYTHON) -> Any:
    return place.scripts.apply_effects(1, worker, NOW, said)


def test_a_log_line_is_added(place: Place) -> None:
    place.seed(held(log=["zero"]))
    place.check(
        say(place, effects.log("one %d", (1,), NOW)), reply=[1], after=held(log=["zero", "one 1"], updated_at=NOW)
    )


def test_progress_writes_and_publishes_its_fields(place: Place) -> None:
    percent, said = effects.progress(1, 1, 3, {"k": [None, "\u2709"]}, NOW, None)
    place.seed(held())
    place.check(
        say(place, said),
        reply=[1],
        after=held(progress=33, progress_data='{"k":[null,"\u2709"]}', updated_at=NOW),
        events=[(1, "progress", percent, {"k": [None, "\u2709"]})],
    )


def test_progress_without_data_keeps_the_data_there_is(place: Place) -> None:
    _, said = effects.progress(1, 1, 2, None, NOW, None)
    place.seed(held(progress_data="[1]"))
    place.check(
        say(place, said),
        reply=[1],
        after=held(progress=50, progress_data="[1]", updated_at=NOW),
        events=[(1, "progress", 50, None)],
    )


def test_a_field_is_written(place: Place) -> None:
    place.seed(held())
    place.run(say(place, (*effects.set_field("page", 7), *effects.set_field("name", "Zo\u00eb \"'\\"))))
    assert place.world() == held(page=7, name="Zo\u00eb \"'\\")


def test_an_event_is_sent_and_is_kept_if_asked(place: Place) -> None:
    place.seed(held())
    said = (*effects.send(1, "result", {"n": 1}, None, keep=True), *effects.send(1, "page", None, None, keep=False))
    place.check(
        say(place, said),
        reply=[1],
        after=held(py_sent='{"n":1}'),
        events=[(1, "result", {"n": 1}), (1, "page", None)],
    )


def test_an_error_is_stored_logged_and_published(place: Place) -> None:
    place.seed(held())
    place.check(
        say(place, effects.error(1, "Error: boom\n  at x", "Error: boom", NOW)),
        reply=[1],
        after=held(error="Error: boom\n  at x", log=["Error: boom"], updated_at=NOW),
        events=[(1, "error", "Error: boom\n  at x")],
    )


def test_everything_a_run_reports_is_written_in_order(place: Place) -> None:
    said = [triple for n in range(200) for triple in effects.log(f"line {n}", (), NOW)]
    said += [part for n in range(50) for part in effects.send(1, "n", n, None, keep=False)]
    said += [part for n in range(50) for part in effects.set_field("n", n)]
    place.seed(held())
    place.check(
        say(place, said),
        reply=[1],
        after=held(log=[f"line {n}" for n in range(200)], n=49, updated_at=NOW),
        events=[(1, "n", n) for n in range(50)],
    )


@pytest.mark.parametrize("worker", [PYTHON, ""], ids=["the run", "anybody"])
@pytest.mark.parametrize(("holder", "margin"), [(PYTHON, MARGIN), (NODE, 0), (None, 0)])
def test_a_touch_pushes_the_deadline_with_the_holder_s_margin(
    place: Place, worker: str, holder: str | None, margin: int
) -> None:
    if worker and holder != PYTHON:
        worker = holder or ""
    place.seed(held(workerId=holder, ttl=TTL, score=BEFORE))
    place.check(say(place, TOUCH, worker), reply=[1], after=held(workerId=holder, ttl=TTL, score=NOW + TTL + margin))


@pytest.mark.parametrize("ttl", [None, "", "0", "soon"])
def test_a_touch_without_a_ttl_changes_nothing(place: Place, ttl: str | None) -> None:
    place.seed(held(ttl=ttl, priority=-5))
    place.check(say(place, TOUCH), reply=[1], after=held(ttl=ttl, priority=-5))


@pytest.mark.parametrize("state", ["inactive", "complete", "failed", "delayed"])
def test_any_caller_may_report_on_a_job_in_any_state_and_its_place_stays(place: Place, state: str) -> None:
    place.seed(job(1, state, ttl=TTL, workerId=PYTHON))
    place.check(
        say(place, (*effects.log("hello", (), NOW), *TOUCH), worker=""),
        reply=[1],
        after=job(1, state, ttl=TTL, workerId=PYTHON, log=["hello"], updated_at=NOW),
    )


@pytest.mark.parametrize("type", TYPES)
def test_the_type_plays_no_part(place: Place, type: str) -> None:
    place.seed(held(type=type))
    place.run(say(place, effects.log("hello", (), NOW)))
    assert place.world() == held(type=type, log=["hello"], updated_at=NOW)


NOT_HELD = {
    "by another run": (held(workerId=NODE), [-1, "active", NODE]),
    "while inactive": (job(1, workerId=PYTHON), [-1, "inactive", PYTHON]),
    "while complete": (job(1, "complete", workerId=PYTHON), [-1, "complete", PYTHON]),
    "by nobody": (job(1, "active"), [-1, "active", ""]),
    "since it is gone": ({}, [-2]),
    "since it has no type": (without(held(), "q:job:1/type"), [-2]),
}


@pytest.mark.parametrize(("before", "answer"), NOT_HELD.values(), ids=NOT_HELD)
def test_a_run_that_does_not_hold_its_job_reports_nothing(place: Place, before: World, answer: list[Any]) -> None:
    place.seed(before)
    said = (*effects.log("too late", (), NOW), *effects.send(1, "x", 1, None, keep=True), *TOUCH)
    place.check(say(place, said), reply=answer, after=before)


def test_no_caller_reports_on_a_job_that_is_gone(place: Place) -> None:
    place.check(say(place, effects.log("hello", (), NOW), worker=""), reply=[-2], after={})


def test_a_job_that_is_no_hash_is_refused_and_nothing_is_written(place: Place) -> None:
    place.seed({"q:job:1": ["poison"]})
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(say(place, effects.log("x", (), NOW), worker=""))
    assert place.world() == {"q:job:1": ["poison"]}
