"""A job's hash and its JSON: every field as Node wrote it, and as `job.to_json` gives it."""

from collections.abc import Iterator
from typing import Any

import fakeredis
import pytest

import kue
from kue.common.clock import Moment
from kue.errors import JobInvalid
from kue.jobs.job import Job
from kue.options.job import JOB_OPTIONS
from kue.options.values import parse_number
from kue.store import job_hash
from kue.store.job_hash import JobHash, from_pairs

ORDER = [
    "id",
    "type",
    "data",
    "result",
    "priority",
    "progress",
    "progress_data",
    "state",
    "error",
    "created_at",
    "promote_at",
    "updated_at",
    "failed_at",
    "started_at",
    "duration",
    "delay",
    "workerId",
    "ttl",
    "attempts",
]

FULL = {
    "type": "email",
    "data": '{"to":["tj",null,1.5]}',
    "result": '{"ok":true}',
    "priority": "-10",
    "progress": "33",
    "progress_data": "[1]",
    "state": "failed",
    "error": "Error: boom\n    at x",
    "created_at": "1700000000000",
    "promote_at": "1700000000001",
    "updated_at": "1700000000002",
    "failed_at": "1700000000003",
    "started_at": "1700000000004",
    "duration": "17",
    "delay": "500",
    "workerId": "kue:host:77:email:3",
    "ttl": "60000",
    "attempts": "2",
    "max_attempts": "5",
    "backoff": '{"type":"exponential","delay":500,"maxDelay":9000}',
    "removeOnComplete": "true",
    "py_sent": "1",
}


@pytest.fixture
def queue() -> Iterator[kue.Queue]:
    with kue.Queue(redis=fakeredis.FakeRedis(server=fakeredis.FakeServer())) as queue:
        yield queue


def hash_of(fields: dict[str, str | None]) -> JobHash:
    known = [(name.encode(), value.encode()) for name, value in fields.items() if value is not None]
    return from_pairs([part for pair in known for part in pair])


def job_of(queue: kue.Queue, **fields: str | None) -> Job:
    return Job.from_hash(queue.runtime, 7, hash_of({"type": "email"} | fields))


def test_every_field_of_a_hash_is_read(queue: kue.Queue) -> None:
    job = Job.from_hash(queue.runtime, 7, hash_of(FULL))
    assert (job.id, job.type, job.data, job.result) == (7, "email", {"to": ["tj", None, 1.5]}, {"ok": True})
    assert (job.state(), job.error(), job.progress(), job.progress_data) == ("failed", FULL["error"], 33, [1])
    moments = (job.created_at, job.promote_at, job.updated_at, job.failed_at, job.started_at, job.duration)
    assert moments == (1700000000000, 1700000000001, 1700000000002, 1700000000003, 1700000000004, 17)
    assert (job.worker_id, job.attempts_made) == ("kue:host:77:email:3", 2)
    assert (job.priority(), job.attempts(), job.delay(), job.ttl()) == (-10, 5, 500, 60000)
    assert job.backoff() == {"type": "exponential", "delay": 500, "maxDelay": 9000}
    assert job.remove_on_complete() is True


def test_a_hash_with_a_type_only_has_the_defaults(queue: kue.Queue) -> None:
    job = job_of(queue)
    assert (job.data, job.result, job.state(), job.error(), job.progress()) == ({}, None, None, None, 0)
    assert {job.created_at, job.promote_at, job.failed_at, job.duration, job.worker_id} == {None}
    assert (job.priority(), job.attempts(), job.attempts_made) == (0, 1, 0)
    assert (job.delay(), job.ttl(), job.backoff(), job.remove_on_complete()) == (None, None, None, False)


def test_the_json_of_a_job_has_kue_s_names_and_order_and_times_as_text(queue: kue.Queue) -> None:
    json = Job.from_hash(queue.runtime, 7, hash_of(FULL)).to_json()
    assert list(json) == ORDER
    assert json == {
        "id": 7,
        "type": "email",
        "data": {"to": ["tj", None, 1.5]},
        "result": {"ok": True},
        "priority": -10,
        "progress": "33",
        "progress_data": [1],
        "state": "failed",
        "error": "Error: boom\n    at x",
        "created_at": "1700000000000",
        "promote_at": "1700000000001",
        "updated_at": "1700000000002",
        "failed_at": "1700000000003",
        "started_at": "1700000000004",
        "duration": "17",
        "delay": "500",
        "workerId": "kue:host:77:email:3",
        "ttl": "60000",
        "attempts": {"made": 2, "remaining": 3, "max": 5},
    }


def test_the_json_of_a_job_leaves_out_absent_fields(queue: kue.Queue) -> None:
    assert job_of(queue).to_json() == {
        "id": 7,
        "type": "email",
        "data": {},
        "priority": 0,
        "progress": 0,
        "attempts": {"made": 0, "remaining": 1, "max": 1},
    }


@pytest.mark.parametrize(
    ("fields", "attempts"),
    [
        ({}, {"made": 0, "remaining": 1, "max": 1}),
        ({"max_attempts": "5"}, {"made": 0, "remaining": 5, "max": 5}),
        ({"max_attempts": "5", "attempts": "0"}, {"made": 0, "remaining": 5, "max": 5}),
        ({"max_attempts": "5", "attempts": "1"}, {"made": 1, "remaining": 4, "max": 5}),
        ({"max_attempts": "5", "attempts": "5"}, {"made": 5, "remaining": 0, "max": 5}),
        ({"attempts": "1"}, {"made": 1, "remaining": 0, "max": 1}),
    ],
    ids=lambda value: "-".join(map(str, value.values())) or "none",
)
def test_remaining_attempts_are_counted_as_in_kue(queue: kue.Queue, fields: Any, attempts: dict[str, int]) -> None:
    assert job_of(queue, **fields).to_json()["attempts"] == attempts


@pytest.mark.parametrize(("progress", "shown"), [("0", "0"), ("100", "100"), ("-33", "-33"), ("", 0), (None, 0)])
def test_progress_is_the_text_of_the_hash(queue: kue.Queue, progress: str | None, shown: Any) -> None:
    assert job_of(queue, progress=progress).to_json()["progress"] == shown


@pytest.mark.parametrize("raw", ["0", "false", '""', "[]", "{}"])
def test_a_falsy_result_is_a_result(queue: kue.Queue, raw: str) -> None:
    assert "result" in job_of(queue, result=raw).to_json()


def test_data_that_is_null_stays_null(queue: kue.Queue) -> None:
    json = job_of(queue, data="null").to_json()
    assert "data" in json and json["data"] is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"type": None}, "job 7 has no type"),
        ({"type": ""}, "job 7 has no type"),
        ({"data": "{half"}, "job 7 has data that is not JSON ("),
        ({"data": "NaN"}, "job 7 has data that is not JSON (NaN is not JSON)"),
        (
            {"data": '{"a":1e999999}'},
            "job 7 has data that is not JSON (the number '1e999999' is too large for a float)",
        ),
        ({"result": "-1e309"}, "job 7 has a result that is not JSON (the number '-1e309' is too large for a float)"),
        ({"progress_data": "[1e309]"}, "job 7 has progress data that is not JSON ("),
        ({"result": "undefined"}, "job 7 has a result that is not JSON ("),
        ({"progress_data": "function(){}"}, "job 7 has progress data that is not JSON ("),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_the_error_for_a_hash_that_cannot_be_read_explains_why(queue: kue.Queue, fields: Any, message: str) -> None:
    with pytest.raises(JobInvalid) as invalid:
        job_of(queue, **fields)
    assert str(invalid.value).startswith(message)
    assert invalid.value.id == 7


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("17", 17),
        ("-15", -15),
        ("1700000000000", 1700000000000),
        ("9007199254740993", 9007199254740993),
        ("1.5", 1.5),
        ("1.0", 1),
        ("1e3", 1000),
        (" 5 ", 5),
        ("", None),
        (None, None),
        ("soon", None),
        ("NaN", None),
        ("Infinity", None),
        ("-inf", None),
        ("1e999", None),
        ("undefined", None),
        ("9" * 5000, None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_number_is_read_as_node_wrote_it(text: str | None, value: float | None) -> None:
    found = parse_number(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({}, []),
        ({"priority": -10, "attempts": 5}, []),
        ({"delay": 500, "ttl": 60}, ["delay", 500, "ttl", 60]),
        ({"delay": 0, "ttl": 0, "remove_on_complete": False, "backoff": False}, []),
        ({"remove_on_complete": True}, ["removeOnComplete", "true"]),
        ({"delay": Moment(1700)}, ["delay", 700]),
        ({"delay": Moment(1000)}, []),
        ({"backoff": True}, ["backoff", "true"]),
        ({"backoff": {"type": "fixed", "delay": 5}}, ["backoff", b'{"type":"fixed","delay":5}']),
        ({"backoff": "function(){}"}, ["backoff", "function(){}"]),
        ({"search_keys": ["to"], "events": False}, []),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_only_the_options_that_are_set_become_fields(options: dict[str, Any], fields: list[Any]) -> None:
    assert job_hash.rare_fields(options, now=1000) == fields


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("priority", -10, {"priority": -10}),
        ("priority", 0, {"priority": 0}),
        ("priority", None, {"priority": 0}),
        ("attempts", 5, {"max_attempts": 5}),
        ("attempts", None, {"max_attempts": 1}),
        ("backoff", True, {"backoff": "true"}),
        ("backoff", False, {"backoff": ""}),
        ("backoff", None, {"backoff": ""}),
        ("delay", 500, {"delay": 500, "promote_at": 1500}),
        ("delay", Moment(1700), {"delay": 700, "promote_at": 1700}),
        ("delay", Moment(1000), {"delay": "", "promote_at": 1000}),
        ("delay", Moment(300), {"delay": "", "promote_at": 1000}),
        ("delay", 0, {"delay": "", "promote_at": 1000}),
        ("delay", None, {"delay": "", "promote_at": 1000}),
        ("ttl", 60, {"ttl": 60}),
        ("ttl", None, {"ttl": ""}),
        ("remove_on_complete", True, {"removeOnComplete": "true"}),
        ("remove_on_complete", False, {"removeOnComplete": ""}),
        ("search_keys", ["to"], {}),
        ("events", False, {}),
    ],
)
def test_an_option_that_was_set_is_written_and_one_that_is_off_loses_its_field(
    name: str, value: Any, written: dict[str, Any]
) -> None:
    options = {"ttl": 9, "backoff": True, "priority": 7} | {name: value}
    if value is None:
        del options[name]
    changes = job_hash.option_effects(options, {name}, now=1000)
    assert set(changes[::3]) <= {"option"}
    assert dict(zip(changes[1::3], changes[2::3], strict=True)) == written


def test_the_field_of_every_option_is_among_those_that_are_read() -> None:
    assert {option.field for option in JOB_OPTIONS.values() if option.field} <= {*JobHash._fields}


@pytest.mark.parametrize(
    ("raw", "backoff"),
    [
        ("true", True),
        ("false", False),
        ('{"type":"fixed"}', {"type": "fixed"}),
        ("function(attempts, delay) { return 5 }", "function(attempts, delay) { return 5 }"),
        ("{type:'fixed'}", "{type:'fixed'}"),
        ("NaN", "NaN"),
        ('{"type":"fixed","delay":1e999}', '{"type":"fixed","delay":1e999}'),
        ("", None),
    ],
)
def test_a_backoff_that_is_no_json_stays_the_text_it_is(raw: str, backoff: Any) -> None:
    assert job_hash.read_options(JobHash(backoff=raw.encode())).get("backoff") == backoff
