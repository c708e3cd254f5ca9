"""The history of a job as it is read: the records of its hash, and the run that only the other fields show."""

from typing import Any

import pytest

from kue.store.job_hash import JobHash
from kue.store.run_history import completed_at, process_time, runs_of
from tests.store.records import TOOK, history, record
from tests.store.world import BEFORE, NODE, NOW, PYTHON

FIRST = record(1, 1, "failed", "Error: boom")
LATER = PYTHON + "1"


def hash_of(state: str, **fields: Any) -> JobHash:
    known = {"type": "email", "state": state, "max_attempts": 3, "started_at": BEFORE, "workerId": PYTHON}
    known |= {"updated_at": NOW, **fields}
    return JobHash(**{name: str(value).encode() for name, value in known.items() if value is not None})


def test_a_job_that_never_ran_has_no_runs() -> None:
    hash = hash_of("inactive", started_at=None, workerId=None)
    assert (runs_of(hash), process_time(hash)) == ([], 0)


def test_a_run_that_completed_its_job_is_read_off_the_hash() -> None:
    hash = hash_of("complete", attempts=1, duration=700)
    assert runs_of(hash) == [record(1, 1, "complete", duration=700)]
    assert process_time(hash) == 700


@pytest.mark.parametrize(
    ("fields", "moved"),
    [
        ({"duration": 700}, False),
        ({"duration": 700, "failed_at": BEFORE}, False),
        ({"duration": TOOK}, False),
        ({"duration": 0, "updated_at": BEFORE - 5}, False),
        ({"duration": 700, "updated_at": BEFORE + 699}, True),
        ({"duration": None}, True),
    ],
    ids=str,
)
def test_a_duration_that_is_of_an_earlier_run_shows_no_run_that_completed(fields: dict[str, Any], moved: bool) -> None:
    hash = hash_of("complete", attempts=1, **fields)
    assert runs_of(hash) == ([] if moved else [record(1, 1, "complete", duration=fields["duration"])])
    assert completed_at(hash) == (None if moved else BEFORE + fields["duration"])


def test_a_run_of_a_node_worker_that_failed_did_not_complete_its_job_which_was_moved_by_hand() -> None:
    hash = hash_of("complete", workerId=NODE, attempts=1, duration=7, failed_at=BEFORE + 90, error="Error: boom")
    assert runs_of(hash) == [record(1, 1, "failed", "Error: boom", worker=NODE, duration=90)]
    assert completed_at(hash) is None


@pytest.mark.parametrize("outcome", ["failed", "ghost", "shutdown", "complete"])
def test_a_job_that_was_moved_to_complete_completed_when_its_recorded_run_did(outcome: str) -> None:
    hash = hash_of("complete", attempts=1, duration=7, **history(record(1, 1, outcome)))
    assert completed_at(hash) == (NOW if outcome == "complete" else None)


def test_the_records_come_before_it_and_number_it() -> None:
    hash = hash_of("complete", attempts=2, duration=700, workerId=LATER, **history(FIRST))
    assert runs_of(hash) == [FIRST, record(2, 2, "complete", duration=700, worker=LATER)]
    assert process_time(hash) == TOOK + 700


def test_a_run_that_has_not_ended_is_running_and_has_no_duration_yet() -> None:
    hash = hash_of("active", attempts=1, workerId=LATER, **history(FIRST))
    assert runs_of(hash) == [FIRST, {**record(2, 2, "running", worker=LATER), "duration": None}]
    assert process_time(hash) == TOOK


@pytest.mark.parametrize(("attempts", "most", "attempt"), [(None, 3, 1), (3, 3, 3), (5, 3, 5), (None, None, 1)])
def test_a_running_attempt_is_counted_no_further_than_there_are(
    attempts: int | None, most: int | None, attempt: int
) -> None:
    [run] = runs_of(hash_of("active", attempts=attempts, max_attempts=most))
    assert run["attempt"] == attempt


@pytest.mark.parametrize("state", ["inactive", "delayed", "failed"])
@pytest.mark.parametrize(("error", "outcome"), [("Error: boom\n    at x", "failed"), ("TTL exceeded", "ttl")])
def test_the_last_run_of_a_node_worker_is_read_off_the_hash(state: str, error: str, outcome: str) -> None:
    hash = hash_of(state, workerId=NODE, attempts=2, failed_at=BEFORE + 90, error=error)
    first_line = error.partition("\n")[0]
    assert runs_of(hash) == [record(2, 2, outcome, first_line, worker=NODE, duration=90)]
    assert process_time(hash) == 90


def test_attempts_of_node_workers_that_nothing_shows_are_counted() -> None:
    ghost = record(1, 1, "ghost", "worker lost")
    hash = hash_of("complete", attempts=3, duration=0, workerId=NODE, started_at=NOW, **history(ghost))
    assert [(run["run"], run["attempt"]) for run in runs_of(hash)] == [(1, 1), (4, 3)]


@pytest.mark.parametrize("state", ["inactive", "delayed", "active", "failed", "complete"])
def test_a_run_with_a_record_is_not_shown_a_second_time(state: str) -> None:
    hash = hash_of(state, attempts=1, failed_at=NOW, error="Error: boom", duration=7, **history(FIRST))
    assert runs_of(hash) == [FIRST]


def test_a_run_whose_end_nothing_tells_is_left_out() -> None:
    moved_by_hand = hash_of("inactive", failed_at=BEFORE - 1)
    assert runs_of(moved_by_hand) == []


def test_the_sum_counts_runs_whose_records_were_dropped() -> None:
    hash = hash_of("complete", attempts=2, duration=1, workerId=LATER, **history(FIRST, spent=1_000_000))
    assert process_time(hash) == 1_000_001


@pytest.mark.parametrize("odd", ["", "null", "7", '"x"', "{}", "[1]", "[{}]", "[", '{"a":1}', "[null]"])
def test_a_field_that_holds_no_records_counts_as_empty(odd: str) -> None:
    hash = hash_of("complete", attempts=1, duration=700, py_runs=odd, py_process_time="much")
    assert runs_of(hash) == [record(1, 1, "complete", duration=700)]
    assert process_time(hash) == 700


def test_what_a_later_release_adds_to_a_record_is_left_out() -> None:
    hash = hash_of("inactive", **history({**FIRST, "host": "box"}))
    assert runs_of(hash) == [FIRST]


def test_a_worker_id_that_was_cut_in_its_record_is_the_same_run() -> None:
    long = "kue:host:77-beef0001:" + "x" * 300 + ":3"
    hash = hash_of("inactive", workerId=long, **history({**FIRST, "worker": long[:200]}))
    assert [run["run"] for run in runs_of(hash)] == [1]


def test_the_error_of_a_node_worker_is_its_first_line_cut() -> None:
    hash = hash_of("failed", workerId=NODE, attempts=1, failed_at=NOW, error="x" * 300 + "\nstack")
    assert runs_of(hash)[0]["error"] == "x" * 200
