"""What the demo finds in a single job, and in the order of starts. Tests of whole runs check the rest."""

from collections.abc import Iterator
from typing import Any

import fakeredis
import pytest

import kue_send
from kue.cli.demo.outcome import Starts, differences, disorder, ran_by
from kue.cli.demo.plan import BEFORE_THE_WORKERS, Planned
from kue.store.job_hash import JobHash

FIELDS = {
    "type": "email",
    "state": "complete",
    "attempts": "2",
    "result": '{"sent":true}',
    "promote_at": "5000",
    "error": "OSError: full\n  the stack",
    "progress": "100",
}
PLANNED = Planned("email", {}, attempts=2, result={"sent": True})
STARTS = Starts(count=2, last_at=5000)


@pytest.fixture
def queue() -> Iterator[kue_send.Queue]:
    with kue_send.Queue(redis=fakeredis.FakeRedis()) as queue:
        yield queue


def found_in(queue: kue_send.Queue, planned: Planned = PLANNED, starts: Starts = STARTS, **fields: Any) -> list[str]:
    hash = JobHash(**{name: str(value).encode() for name, value in {**FIELDS, **fields}.items()})
    job = kue_send.Job.from_hash(queue.runtime, 7, hash)
    return list(differences(planned, job, starts))


def test_a_job_as_planned_has_no_differences(queue: kue_send.Queue) -> None:
    assert found_in(queue) == []


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"state": "failed"}, "is failed, not complete (OSError: full)"),
        ({"state": "failed", "error": ""}, "is failed, not complete"),
        ({"attempts": "1"}, "took 1 attempts, not 2"),
        ({"result": "{}"}, "has the result {}, not {'sent': True}"),
        ({"progress_data": "[1]"}, "has made progress to [1], not None"),
        ({"promote_at": "5201"}, "was started before it was due"),
    ],
)
def test_a_job_that_is_not_as_planned_is_described(queue: kue_send.Queue, fields: dict[str, str], found: str) -> None:
    assert found in found_in(queue, **fields)


def test_the_clocks_of_two_processes_may_differ_a_little(queue: kue_send.Queue) -> None:
    assert found_in(queue, promote_at=5200) == []


def test_a_job_that_ran_once_too_often_is_found(queue: kue_send.Queue) -> None:
    assert found_in(queue, starts=Starts(3, 5000)) == ["was started 3 times for 2 attempts"]


def test_a_failure_for_another_reason_is_found(queue: kue_send.Queue) -> None:
    planned = Planned("email", {}, attempts=2, state="failed", error="OSError: empty")
    assert found_in(queue, planned, state="failed") == ["failed with 'OSError: full', not 'OSError: empty'"]


def waiting(*priorities: str) -> list[Planned]:
    return [
        Planned("alert", {}, {"priority": name}, at=BEFORE_THE_WORKERS, id=id) for id, name in enumerate(priorities, 1)
    ]


def test_starts_in_order_of_priority_and_creation_are_in_order() -> None:
    later = Planned("email", {}, {"priority": "critical"}, id=4)
    assert disorder([*waiting("low", "high", "low"), later], [2, 1, 4, 3]) == []


def test_a_start_against_priority_is_found() -> None:
    assert disorder(waiting("low", "high"), [1, 2]) == ["alert 2 was started after 1, against their priorities"]


def test_a_start_out_of_turn_is_found() -> None:
    assert disorder(waiting("low", "low"), [2, 1]) == ["alert 1 was started after 2, against their priorities"]


def test_the_worker_id_shows_which_side_ran_a_job() -> None:
    assert ran_by("kue:some-host:4711:email:1") == "node"
    assert ran_by("kue:some-host:4711:2026-11:email:1") == "node"
    assert ran_by("kue:some-host:4711-0a1b2c3d:email:1") == "python"
    assert ran_by(None) == "unknown"
