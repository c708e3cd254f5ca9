"""The events that end a job say, behind `args`, when it was created, if its hash says so in plain digits."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from kue.connection.connection import Command
from kue.store.identity import stamp
from kue.store.transitions import Failure, Retry, completion
from tests.store.conftest import Place
from tests.store.world import BEFORE, NOW, PYTHON, job

FAILURE = Failure("Error: boom", "Error: boom", "boom")


def fail(place: Place) -> Command:
    return place.scripts.fail(1, PYTHON, "email", NOW, FAILURE, Retry("failed"))


def remove(place: Place) -> Command:
    return place.scripts.remove(1)


def complete(place: Place) -> Command:
    return place.scripts.complete(NOW, completion(1, PYTHON, 5, b'{"a":[]}', (), stamp(BEFORE)))


def stamps(place: Place) -> dict[str, Any]:
    """What each message that is JSON for Node says behind `args`."""
    found = {}
    for raw in place.messages():
        message = json.loads(raw)
        assert list(message)[:3] == ["id", "event", "args"]
        found[message["event"]] = message.get("created_at")
    return found


@pytest.mark.parametrize(
    ("command", "then"),
    [
        (complete, {"complete": BEFORE}),
        (fail, {"error": None, "failed": BEFORE}),
        (remove, {"remove": BEFORE}),
    ],
)
def test_the_event_that_ends_a_job_says_when_the_job_was_created(
    place: Place, command: Callable[[Place], Command], then: dict[str, Any]
) -> None:
    place.seed(job(1, "active", workerId=PYTHON))
    place.run(command(place))
    assert stamps(place) == then


def test_a_job_that_removes_itself_says_it_twice(place: Place) -> None:
    place.seed(job(1, "active", workerId=PYTHON, removeOnComplete="true"))
    place.run(complete(place))
    assert stamps(place) == {"complete": BEFORE, "remove": BEFORE}


@pytest.mark.parametrize("command", [fail, remove])
@pytest.mark.parametrize(
    "created_at", [None, "", "NaN", "007", "1.5", "-5", '1,"x":2', "soon", "1700000000000\n", "9" * 17]
)
def test_a_hash_that_says_something_else_gives_a_message_without_it(
    place: Place, command: Callable[[Place], Command], created_at: str | None
) -> None:
    place.seed(job(1, "active", workerId=PYTHON, created_at=created_at))
    place.run(command(place))
    assert set(stamps(place).values()) == {None}
