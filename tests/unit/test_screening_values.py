"""What a message leaves out and the hash has: why JSON cannot hold a result."""

import json
from typing import Any

import pytest

from kue.events.watcher import Outcome
from kue.store import invalid_result
from kue.store.invalid_result import keep_reason
from tests.unit.test_screening import BORN, OTHER, Scene, scene  # noqa: F401 (fixtures)


@pytest.mark.parametrize("created_at", [None, BORN])
@pytest.mark.parametrize("hash", ["stored", "gone", "of a later run"])
def test_a_promise_learns_from_the_hash_why_json_cannot_hold_the_result(
    scene: Scene, created_at: int | None, hash: str
) -> None:
    note = {"error": True, "message": "Invalid JSON Result"}
    raw = json.dumps(note).encode()
    kept = keep_reason(raw, "result.at", "is a date")[2]
    if hash != "gone":
        fields = {"result": raw if hash == "stored" else b"7", invalid_result.FIELD: kept, "created_at": BORN}
        scene.place.job(1, "complete", **fields)
    promise, listener = scene.watch(must_settle=True), scene.watch()
    scene.say("complete", created_at, arg=note, invalid=True)
    scene.settle()
    assert promise.got == ["outcome complete"] and listener.got == ["complete"]
    reason = ("result.at", "is a date") if hash == "stored" else invalid_result.UNKNOWN
    assert promise.outcome == Outcome("complete", note, invalid=reason)
    assert scene.place.router.watchers(1) == []


@pytest.mark.parametrize("said", [False, None, 1, "true", [True]])
def test_a_result_is_no_result_only_if_the_message_says_true(scene: Scene, said: Any) -> None:
    promise = scene.watch(must_settle=True)
    scene.say("complete", BORN, arg={"error": True, "message": "Invalid JSON Result"}, invalid=said)
    assert promise.got == ["complete"]


@pytest.mark.parametrize(("event", "field", "place_in_args"), [("complete", "result", 0), ("result", "py_sent", 0)])
@pytest.mark.parametrize("created_at", [None, BORN])
def test_what_a_message_leaves_out_is_read_from_the_hash(
    scene: Scene, event: str, field: str, place_in_args: int, created_at: int | None
) -> None:
    scene.place.job(1, "complete", **{"created_at": str(BORN), field: '{"large":1}'})
    promise, listener = scene.watch(must_settle=True), scene.watch()
    scene.say(event, created_at, cut=True)
    assert promise.got == listener.got == []
    scene.settle()
    assert promise.got == listener.got == [event]
    assert promise.args[place_in_args] == listener.args[place_in_args] == {"large": 1}


def test_progress_data_that_a_message_leaves_out_is_read_from_the_hash_in_order(scene: Scene) -> None:
    scene.place.job(1, "active", created_at=str(BORN), progress_data="[1]")
    listener = scene.watch()
    scene.say("progress", BORN, arg=50, cut=True)
    scene.say("start", BORN)
    scene.say("complete", BORN)
    scene.answer()
    assert listener.got == ["progress", "start", "complete"]
    assert listener.all_args[0] == (50, [1])


@pytest.mark.parametrize("hash", ["gone", "of another job", "without a result"])
def test_a_promise_whose_result_is_nowhere_asks_what_became_of_the_job(scene: Scene, hash: str) -> None:
    if hash != "gone":
        fields = {"result": "5"} if hash == "of another job" else {}
        scene.place.job(1, "inactive", created_at=str(OTHER if fields else BORN), **fields)
    promise, listener = scene.watch(must_settle=True), scene.watch()
    scene.say("complete", BORN, cut=True)
    scene.settle()
    assert promise.got == ([] if hash == "without a result" else ["outcome removed"])
    assert (listener.got, listener.args) == (["complete"], (None,))


@pytest.mark.parametrize("event", ["complete", "failed"])
@pytest.mark.parametrize("created_at", [None, BORN])
@pytest.mark.parametrize("more", [{}, {"invalid": True}, {"cut": True}], ids=str)
def test_what_was_sent_before_a_promise_was_made_comes_before_the_end_of_the_job(
    scene: Scene, event: str, created_at: int | None, more: dict[str, bool]
) -> None:
    scene.place.job(1, event, created_at=str(BORN), result="7", py_sent='{"page":1}')
    promise, early, listener = scene.watch(must_settle=True, may_have_missed=True), scene.watch(), scene.watch()
    scene.say(event, created_at, arg=7, **more)
    scene.settle()
    assert (promise.got, promise.outcome) == ([f"outcome {event}"], Outcome(event, sent=({"page": 1},)))
    assert early.got == listener.got == [event]
    assert scene.place.router.watchers(1) == []


@pytest.mark.parametrize("hash", ["gone", "of another job", "without it"])
def test_a_promise_for_which_nothing_was_sent_before_settles_with_the_event(scene: Scene, hash: str) -> None:
    if hash != "gone":
        created_at, sent = (OTHER, {"py_sent": "8"}) if hash == "of another job" else (BORN, {})
        scene.place.job(1, "complete", created_at=str(created_at), result="7", **sent)
    promise = scene.watch(must_settle=True, may_have_missed=True)
    scene.say("complete", BORN, arg=7)
    scene.settle()
    assert (promise.got, promise.args) == (["complete"], (7,))
