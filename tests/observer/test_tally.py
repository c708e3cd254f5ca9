"""What the observer counts, by the events and the hashes that it gets, however late it reads these."""

import json
from collections import Counter
from typing import Any

import pytest

from kue.observer.sighting import Sighting, read_sighting
from kue.observer.tally import GONE, Row, Tally
from kue.stats.type_counts import TypeCounts

AT = 1_700_000_000_000
NODE, PYTHON = "kue:web-1:77:email:3", "kue:web-1:77-beef00011:email:3"
ARGUMENTS: dict[str, list[Any]] = {
    "enqueue": ["email"],
    "start": ["email", None],
    "failed attempt": ["boom", 1],
    "failed": ["boom", None],
}


def event(name: str, at: int = AT, *, id: int | str = 7, by_python: bool = False) -> Sighting:
    message: dict[str, Any] = {"id": id, "event": name, "args": [name, *ARGUMENTS.get(name, [None])]}
    if by_python:
        message["created_at"] = AT
    found = read_sighting(json.dumps(message, separators=(",", ":")).encode(), at)
    assert found is not None
    return found


def hash_of(worker: str | None = NODE, **fields: Any) -> Row:
    known: dict[str, Any] = {
        "type": "email",
        "workerId": worker,
        "created_at": AT,
        "promote_at": AT,
        "started_at": AT + 20,
    }
    known |= fields
    written = {name: str(value).encode() for name, value in known.items() if value is not None}
    return Row(**written)


class Counted:
    """Counts events, given one batch at a time, each with the hash of job 7 as it is read then."""

    def __init__(self) -> None:
        self.types: dict[str, TypeCounts] = {}
        self.tally = Tally(lambda type: self.types.setdefault(type, TypeCounts()))

    def batch(self, row: Row, *events: Sighting) -> "Counted":
        wanted = self.tally.wanted(events)
        self.tally.count(events, {7: row} if 7 in wanted else {})
        return self

    def drain(self) -> dict[str, int]:
        """What was counted of the type `email` since the last call, but for the histograms."""
        found = Counter(self.types["email"].drain()) if "email" in self.types else {}
        return {name: number for name, number in found.items() if name[1:].lstrip("-").isdigit() is False}


def test_a_run_of_node_counts_with_its_wait_and_its_duration() -> None:
    counted = Counted().batch(hash_of(workerId=None, started_at=None), event("enqueue"))
    counted.batch(hash_of(), event("start", AT + 21)).batch(hash_of(duration=30), event("complete", AT + 51))
    assert counted.drain() == {"created": 1, "started": 1, "wait": 20, "completed": 1, "run": 30, "max": 30}


def test_a_run_that_fails_lasts_until_its_failure() -> None:
    counted = Counted().batch(hash_of(), event("start"))
    counted.batch(hash_of(failed_at=AT + 60), event("failed attempt", AT + 65))
    assert counted.drain() == {"started": 1, "wait": 20, "retried": 1, "run": 40, "max": 40}


def test_a_run_that_began_before_the_observer_counts_when_it_ends() -> None:
    assert Counted().batch(hash_of(duration=5), event("complete")).drain() == {"completed": 1, "run": 5, "max": 5}


def test_a_job_without_a_hash_counts_by_its_messages() -> None:
    counted = Counted().batch(GONE, event("enqueue"), event("start", AT + 5), event("complete", AT + 12))
    assert counted.drain() == {"created": 1, "started": 1, "completed": 1, "run": 7, "max": 7}
    assert Counted().batch(GONE, event("complete")).drain() == {}, "its type is not known"


def test_what_python_counts_itself_is_left_out() -> None:
    mine = hash_of(PYTHON, duration=5)
    ends = [event(name, by_python=True) for name in ("complete", "failed", "failed attempt")]
    for end in ends:
        for row in (mine, GONE):
            assert Counted().batch(row, event("enqueue", by_python=True), event("start"), end).drain() == {}
            assert Counted().batch(row, event("start")).batch(row, end).drain() == {}


def test_an_end_that_python_cannot_mark_is_left_out() -> None:
    row = hash_of(PYTHON, created_at="NaN")
    assert Counted().batch(row, event("start")).batch(row, event("complete")).drain() == {}


def test_a_run_of_python_before_one_of_node_is_not_taken_for_node_s() -> None:
    """The hash is read when Node has the job already."""
    events = event("start"), event("enqueue"), event("failed attempt", by_python=True), event("start", AT + 20)
    counted = Counted().batch(hash_of(created_at=AT - 10**6, promote_at=AT - 10**6), *events)
    assert counted.drain() == {"started": 1, "wait": 20}


@pytest.mark.parametrize("reads", ["late", "never"])
def test_a_run_of_node_before_one_of_python_is_counted(reads: str) -> None:
    """Node publishes the end of an attempt when others may have run the job again."""
    counted, python = Counted(), hash_of(PYTHON)
    if reads == "late":
        counted.batch(python, event("start"))
    counted.batch(python, event("start", AT + 3), event("complete", AT + 4, by_python=True))
    counted.batch(python, event("failed attempt", AT + 5))
    assert counted.drain() == {"started": 1, "retried": 1}


def test_a_run_of_node_that_python_ended_is_not_counted_as_ended() -> None:
    counted = Counted().batch(hash_of(), event("start")).batch(hash_of(), event("failed", AT + 500, by_python=True))
    assert counted.drain() == {"started": 1, "wait": 20}


WAITS: dict[str, Any] = {"workerId": None, "started_at": None}


@pytest.mark.parametrize(
    ("row", "events", "created"),
    [
        (hash_of(**WAITS), ["enqueue"], 1),
        (hash_of(**WAITS), ["enqueue", "enqueue"], 1),
        (hash_of(**WAITS, created_at=AT - 61_000), ["enqueue"], 0),
        (hash_of(**WAITS), ["promotion", "enqueue"], 0),
        (hash_of(**WAITS, failed_at=AT - 1050), ["enqueue"], 0),
        (hash_of(PYTHON, started_at=AT - 1050), ["enqueue"], 0),
        (hash_of(started_at=AT + 1), ["start", "enqueue"], 1),
        (GONE, ["promotion", "enqueue"], 0),
    ],
    ids=[
        *("new", "said twice", "old", "delayed by anyone", "a retry", "snoozed"),
        *("Node says it late", "gone, and perhaps of Python"),
    ],
)
def test_a_job_of_node_counts_as_created_once(row: Row, events: list[str], created: int) -> None:
    counted = Counted().batch(row, *(event(name) for name in events))
    assert counted.drain().get("created", 0) == created


def test_a_job_that_is_queued_again_waits_from_then_on() -> None:
    counted = Counted().batch(hash_of(**WAITS), event("enqueue"))
    counted.batch(hash_of(), event("start", AT + 20)).batch(
        hash_of(failed_at=AT + 100), event("enqueue", AT + 100), event("failed attempt", AT + 100)
    )
    counted.drain()
    assert counted.batch(hash_of(started_at=AT + 130, failed_at=AT + 100), event("start", AT + 130)).drain() == {
        **{"started": 1, "wait": 30}
    }


def test_the_wait_of_a_job_whose_retry_was_not_seen_is_not_known() -> None:
    assert Counted().batch(hash_of(failed_at=AT + 10), event("start")).drain() == {"started": 1}


@pytest.mark.parametrize("value", ["NaN", "-5", "1e400", "9" * 400, "", "x"])
def test_numbers_that_cannot_be_are_not_counted(value: str) -> None:
    row = hash_of(started_at=value, promote_at=value, duration=value, created_at=value)
    counted = Counted().batch(row, event("start", AT)).batch(row, event("complete", AT + 9))
    assert counted.drain() == {"started": 1, "completed": 1, "run": 9, "max": 9}


def test_an_id_may_be_text_as_node_writes_it() -> None:
    assert Counted().batch(hash_of(), event("start", id="7")).drain() == {"started": 1, "wait": 20}


@pytest.mark.parametrize(
    "message", [b"", b"no JSON", b'{"id":7}', b'{"id":7,"event":"progress","args":["progress",5]}']
)
def test_other_messages_count_for_nothing(message: bytes) -> None:
    assert read_sighting(message, AT) is None


def test_what_is_remembered_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kue.observer.tally._MAX_JOBS", 10)
    monkeypatch.setattr("kue.observer.tally._MAX_RUNS", 5)
    tally = Tally(lambda type: TypeCounts())
    for id in range(1, 100):
        events = event("promotion", id=id), event("enqueue", id=id), event("start", id=id)
        tally.count(events, {id: hash_of()})
        tally.count([event("promotion", id=1000 + id)], {})
    assert [len(kept) for kept in (tally._waits, tally._promoted, tally._runs)] == [10, 10, 5]
