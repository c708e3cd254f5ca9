"""What the scripts keep of runs that did not complete their job: `py_runs`, as text, and `py_process_time`."""

import json
from typing import Any

import pytest

from kue.store.transitions import Failure, Retry
from tests.servers import OFFERED
from tests.store.conftest import Place
from tests.store.records import STARTED, TOOK, history, record, text_of
from tests.store.test_fail import AT_ONCE, BOOM, NEVER, after, fail, held
from tests.store.world import BEFORE, NODE, NOW, PYTHON, TYPES, job

FIRST = record(1, 1, "failed", "Error: boom")
ENDED = {**STARTED, "updated_at": NOW}
PROCESS = "kue:host:77-beef0001"
LATER = PYTHON + "1"
# The cjson of the fake server escapes all that is no ASCII, and takes UTF-8 only.
on_servers = pytest.mark.parametrize("backend", OFFERED, indirect=True)


def fields(place: Place) -> dict[str, Any]:
    return {name: value for name, value in place.world()["q:job:1"].items() if name.startswith("py_")}


def records(place: Place) -> list[dict[str, Any]]:
    return json.loads(fields(place)["py_runs"])


def again(**more: Any) -> dict[str, Any]:
    """What a job has whose second run is active, with its first one recorded."""
    return {**STARTED, "workerId": LATER, "attempts": 1, **history(FIRST), **more}


# which scripts record


def test_a_failed_run_is_recorded(place: Place) -> None:
    place.seed(held(**STARTED))
    place.run(fail(place))
    assert place.world() == after("inactive", **STARTED, **history(FIRST))


@pytest.mark.parametrize(("mode", "outcome"), [("ttl", "ttl"), ("asked", "ttl"), ("lost", "failed")])
def test_how_the_run_ended_is_its_outcome(place: Place, mode: str, outcome: str) -> None:
    place.seed(held(**STARTED))
    place.run(fail(place, NEVER, mode=mode, dead_process=PROCESS if mode == "lost" else ""))
    assert records(place) == [record(1, 1, outcome, "Error: boom")]


def test_a_run_that_is_put_back_is_recorded(place: Place) -> None:
    place.seed(held(**STARTED, attempts=1))
    place.run(place.scripts.requeue(1, PYTHON, "email", NOW, "its worker was shut down"))
    assert records(place) == [record(2, 2, "shutdown", "put back: its worker was shut down")]


def test_a_run_whose_process_never_learned_of_it_is_recorded(place: Place) -> None:
    place.seed(held(**STARTED))
    stem = PYTHON.removesuffix("3")
    place.run(place.scripts.requeue_orphans("email", stem, [(1, 9)], b"0", 10, NOW, "its take was lost"))
    assert records(place) == [record(1, 1, "shutdown", "put back: its take was lost")]


def test_a_run_whose_process_died_is_recorded(place: Place) -> None:
    place.seed(held(**STARTED))
    place.run(place.scripts.rescue(PROCESS, NOW, 1, 0, [(1, PYTHON)]))
    assert records(place) == [record(1, 1, "ghost", "worker lost")]


@pytest.mark.parametrize("started_at", [None, "", "soon", "NaN", "1.5", "-1"])
def test_a_job_that_no_worker_took_has_no_run(place: Place, started_at: str | None) -> None:
    place.seed(held(started_at=started_at))
    place.run(fail(place))
    assert fields(place) == {}


def test_a_run_that_has_a_record_gets_no_second_one(place: Place) -> None:
    place.seed(held(**STARTED, **history(FIRST)))
    place.run(fail(place))
    assert fields(place) == {name: str(value) for name, value in history(FIRST).items()}


# a restart


@pytest.mark.parametrize("new", ["inactive", "delayed", "active"])
def test_the_run_that_completed_a_job_is_recorded_when_the_job_is_restarted(place: Place, new: str) -> None:
    place.seed(job(1, "complete", tokens=0, **ENDED, workerId=PYTHON, attempts=1, duration=700))
    place.run(place.scripts.set_state(1, new, NOW))
    assert records(place) == [record(1, 1, "complete", duration=700)]


@pytest.mark.parametrize(
    ("more", "outcome", "error", "duration"),
    [
        ({"duration": 700, "updated_at": BEFORE + 699}, "", None, 0),
        ({"updated_at": NOW}, "", None, 0),
        ({"duration": 700, "updated_at": BEFORE + 700, "failed_at": BEFORE}, "complete", None, 700),
        ({"duration": 0, "updated_at": BEFORE - 5}, "complete", None, 0),
        ({"duration": 7, "updated_at": NOW, "failed_at": BEFORE + 90, "error": "boom"}, "failed", "boom", 90),
        (
            {"duration": 7, "updated_at": NOW, "failed_at": BEFORE + 9, "error": "TTL exceeded"},
            "ttl",
            "TTL exceeded",
            9,
        ),
    ],
    ids=str,
)
def test_a_duration_that_is_of_an_earlier_run_leaves_no_record_of_one_that_completed(
    place: Place, more: dict[str, Any], outcome: str, error: str | None, duration: int
) -> None:
    place.seed(job(1, "complete", tokens=0, **STARTED, workerId=NODE, attempts=1, **more))
    place.run(place.scripts.set_state(1, "delayed", NOW))
    expected = [record(1, 1, outcome, error, worker=NODE, duration=duration)] if outcome else None
    assert json.loads(fields(place).get("py_runs", "null")) == expected


@pytest.mark.parametrize(("error", "outcome"), [("Error: boom\n    at x", "failed"), ("TTL exceeded", "ttl")])
def test_the_last_run_of_a_node_worker_is_recorded_when_its_job_is_restarted(
    place: Place, error: str, outcome: str
) -> None:
    place.seed(job(1, "failed", **STARTED, workerId=NODE, attempts=2, failed_at=BEFORE + 90, error=error))
    place.run(place.scripts.set_state(1, "inactive", NOW))
    first_line = error.partition("\n")[0]
    assert records(place) == [record(2, 2, outcome, first_line, worker=NODE, duration=90)]


def test_a_run_that_was_recorded_when_it_failed_stays_the_last_at_a_restart(place: Place) -> None:
    place.seed(held(**STARTED))
    place.run(fail(place, NEVER))
    place.run(place.scripts.set_state(1, "inactive", NOW))
    assert records(place) == [FIRST]


@pytest.mark.parametrize(("old", "new"), [("complete", "failed"), ("failed", "complete"), ("active", "inactive")])
def test_any_other_change_by_hand_records_nothing(place: Place, old: str, new: str) -> None:
    place.seed(job(1, old, **STARTED, workerId=PYTHON, duration=700))
    place.run(place.scripts.set_state(1, new, NOW))
    assert fields(place) == {}


# numbers


@pytest.mark.parametrize(
    ("last", "attempts", "number", "attempt"),
    [
        (record(1, 1, "failed"), 1, 2, 2),
        (record(7, 3, "ttl"), 3, 8, 4),
        (record(1, 1, "ghost"), None, 2, 1),
        (record(4, 2, "snoozed"), 1, 5, 2),
        (record(4, 2, "shutdown"), 1, 5, 2),
        (record(1, 1, "failed"), 3, 4, 4),  # two attempts in between left no record: a Node worker made them
        (record(1, 1, "ghost"), 2, 4, 3),
        (record(5, 5, "complete"), 0, 6, 1),
    ],
)
def test_a_run_has_the_next_number_and_its_attempt(
    place: Place, last: dict[str, Any], attempts: int | None, number: int, attempt: int
) -> None:
    place.seed(held(**again(attempts=attempts, max_attempts=9, **history(last))))
    place.run(fail(place, worker=LATER))
    assert records(place) == [last, record(number, attempt, "failed", "Error: boom", worker=LATER)]


def test_the_first_record_of_a_job_counts_the_attempts_before(place: Place) -> None:
    place.seed(held(**STARTED, attempts=1))
    place.run(fail(place))
    assert records(place) == [record(2, 2, "failed", "Error: boom")]


@pytest.mark.parametrize(
    ("attempts", "most", "attempt"), [(5, 2, 5), (2, 2, 2), (None, None, 1), ("1e999", 3, 1), ("-5", None, 1)]
)
def test_an_odd_number_of_attempts_leaves_json(place: Place, attempts: Any, most: Any, attempt: int) -> None:
    place.seed(held(**STARTED, attempts=attempts, max_attempts=most))
    place.run(place.scripts.snooze(1, PYTHON, "email", NOW, 0))
    assert records(place) == [record(attempt, attempt, "snoozed")]


def test_a_clock_that_was_put_back_makes_no_negative_duration(place: Place) -> None:
    place.seed(held(started_at=NOW + 5))
    place.run(fail(place))
    assert records(place) == [record(1, 1, "failed", "Error: boom", start=NOW + 5, duration=0)]


@pytest.mark.parametrize(("spent", "after_it"), [(None, TOOK), ("7", TOOK + 7), ("much", TOOK), ("NaN", TOOK)])
def test_the_sum_of_all_durations_is_kept_beside(place: Place, spent: str | None, after_it: int) -> None:
    place.seed(held(**again(py_process_time=spent)))
    place.run(fail(place, worker=LATER))
    assert fields(place)["py_process_time"] == str(after_it)


# text


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        ("E: \u2709 \U0001f680 \" \\ '\n\tat <x>", "E: \u2709 \U0001f680 \" \\ '"),
        ("a/b\x7f\x01\t", "a/b\x7f\x01\t"),
        ("", ""),
        ("\nsecond", ""),
        ("\U0001f680" * 250, "\U0001f680" * 200),
        ("x" * 199 + "\u00e9\u00e9", "x" * 199 + "\u00e9"),
        ("x" * 100_000, "x" * 200),
        ("x" * 200, "x" * 200),
        ('"outcome":"ghost"}]', '"outcome":"ghost"}]'),
    ],
    ids=["quotes", "controls", "nothing", "no first line", "wide", "at the limit", "long", "just short", "forged"],
)
def test_the_error_is_its_first_line_and_two_hundred_characters(place: Place, error: str, kept: str) -> None:
    place.seed(held(**STARTED))
    place.run(fail(place, failure=Failure(error, "line", "message")))
    assert records(place) == [record(1, 1, "failed", kept)]
    place.client.hset(place.keys.job(1), mapping={"state": "active", "workerId": LATER})
    place.run(fail(place, worker=LATER))
    assert records(place) == [record(1, 1, "failed", kept), record(2, 2, "failed", "Error: boom", worker=LATER)]


@pytest.mark.parametrize("type", [*TYPES, "x" * 5000, "\u00e9" * 300])
def test_a_worker_id_of_any_type_is_kept_in_two_hundred_characters(place: Place, type: str) -> None:
    worker = f"kue:host:77-beef0001:{type}:3"
    place.seed(held(type=type, workerId=worker, **STARTED))
    place.run(fail(place, type=type, worker=worker))
    assert records(place) == [record(1, 1, "failed", "Error: boom", worker=worker[:200])]


@on_servers
def test_bytes_that_are_not_utf_8_do_no_harm(place: Place) -> None:
    place.seed(job(1, "failed", **STARTED, workerId=NODE, attempts=1, failed_at=NOW))
    place.client.hset(place.keys.job(1), "error", b"\xff\xfe" * 500)
    place.run(place.scripts.set_state(1, "inactive", NOW))
    raw = place.client.hget(place.keys.job(1), "py_runs")
    assert len(raw) < 1500
    assert json.loads(raw.decode("utf-8", "replace"))[0]["outcome"] == "failed"


# the limit


@on_servers
def test_the_oldest_records_go_and_four_thousand_bytes_stay(place: Place) -> None:
    place.seed(held(**STARTED, max_attempts=100))
    for number in range(1, 61):
        worker = f"{PYTHON}{number}"
        place.client.hset(place.keys.job(1), mapping={"state": "active", "workerId": worker})
        place.run(fail(place, worker=worker, failure=Failure("E: " + "\u2709" * number, "line", "message")))
        text = fields(place)["py_runs"]
        assert len(text.encode()) <= 4000
        kept = json.loads(text)
        assert text == text_of(*kept)
        first = kept[0]["run"]
        assert [(one["run"], one["attempt"]) for one in kept] == [(n, n) for n in range(first, number + 1)]
        assert first == 1 or len(text.encode()) > 3000, "no more is dropped than must be"
    assert first > 1
    assert fields(place)["py_process_time"] == str(60 * TOOK)


def test_the_longest_record_fits_alone(place: Place) -> None:
    type = "\x01" * 300
    worker = f"kue:h:7-beef0001:{type}:3"
    place.seed(held(type=type, workerId=worker, attempts=1, **STARTED, **history(*[FIRST] * 20)))
    place.run(fail(place, type=type, worker=worker, failure=Failure("\x01" * 300, "line", "message")))
    assert len(fields(place)["py_runs"]) <= 4000
    assert records(place)[-1] == record(2, 2, "failed", "\x01" * 200, worker=worker[:200])


@pytest.mark.parametrize(
    "odd", ["", "null", "[]", "{}", "[1]", '[{"run":1', "x" * 5000, '[{"run":' + "x" * 5000 + "}]"]
)
def test_a_field_that_holds_no_records_is_begun_anew_or_added_to_and_nothing_breaks(place: Place, odd: str) -> None:
    place.seed(held(**STARTED, py_runs=odd))
    assert place.run(fail(place, Retry("inactive"))) == [1, "inactive"]
    assert fields(place)["py_runs"] == text_of(FIRST)


def test_records_of_another_release_are_kept_as_they_are(place: Place) -> None:
    strange = '[{"run":3,"attempt":2,"outcome":"paused","more":[1,{"x":"y"}]}]'
    place.seed(held(**STARTED, attempts=1, py_runs=strange))
    place.run(fail(place, AT_ONCE, BOOM))
    own = text_of(record(4, 2, "failed", "Error: boom"))
    assert fields(place)["py_runs"] == strange[:-1] + ",\n" + own[1:]
