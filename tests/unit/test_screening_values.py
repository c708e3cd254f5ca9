"""What a message leaves out and the hash has: why JSON cannot hold a result."""

import json
from typing import Any

import pytest

from kue.events.watcher import Outcome
from kue.store import invalid_result
from kue.store.invalid_result import keep_reason
from tests.unit.test_screening import BORN, Scene, place, scene  # noqa: F401 (fixtures)


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
