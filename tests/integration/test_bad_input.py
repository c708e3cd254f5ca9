"""Bad input raises at the call that brings it, an error of kue.errors that names the argument and the value, and
writes nothing."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import keyspace
from tests.integration.conftest import MakeQueue

NAN, INFINITY = math.nan, math.inf
MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
Bad = tuple[Callable[[Any, Any], Any], type[Exception], str, str]


class Odd:
    def __repr__(self) -> str:
        return "<odd>"


def cycle() -> list[Any]:
    items: list[Any] = [1]
    items.append({"again": items})
    return items


DATA: list[tuple[Any, str, str]] = [
    (NAN, "", "nan"),
    ({"a": INFINITY}, ".a", "inf"),
    ({"rows": [1, {"price": -INFINITY}]}, ".rows[1].price", "-inf"),
    ({1, 2}, "", "{1, 2}"),
    ({"tags": frozenset("x")}, ".tags", "frozenset"),
    ([b"bytes"], "[0]", "bytes"),
    ({"at": MOMENT}, ".at", "datetime"),
    ({"x": Odd()}, ".x", "<odd>"),
    ({"call": print}, ".call", "print"),
    ({"n": 1j}, ".n", "complex"),
    (cycle(), "[1].again", "contains itself"),
    ({7: "x"}, "", "7"),
    ({"a": {None: 1}}, ".a", "None"),
    ({"a": [{True: 1}]}, ".a[0]", "True"),
    ({(1, 2): 1}, "", "(1, 2)"),
    ({1.5: 1}, "", "1.5"),
]
OPTIONS: list[tuple[str, Any]] = [
    *(("attempts", value) for value in (0, -1, 1.5, "3", "many", NAN, INFINITY, True, [], 2**60)),
    *(("delay", value) for value in (-1, -0.1, "100", NAN, INFINITY, True, [], timedelta(seconds=-1))),
    ("delay", datetime(2024, 1, 1)),
    *(("ttl", value) for value in (-1, "1", NAN, INFINITY, False, {}, timedelta(seconds=-1), MOMENT)),
    *(("priority", value) for value in ("urgent", "", "HIGH", 1.5, NAN, INFINITY, True, [], "5")),
    *(("backoff", value) for value in ("fixed", 500, [], print)),
    *(("remove_on_complete", value) for value in (1, 0, "true", [])),
    *(("events", value) for value in (1, "no")),
    *(("search_keys", value) for value in (7, [7], {"a": 1}, [None])),
]
BACKOFFS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "backoff type", "None"),
    ({"delay": 5}, "backoff type", "None"),
    ({"type": "magic"}, "backoff type", "'magic'"),
    ({"type": "fixed", "delay": -1}, "backoff delay", "-1"),
    ({"type": "fixed", "delay": "soon"}, "backoff delay", "'soon'"),
    ({"type": "exponential", "max_delay": NAN}, "backoff max_delay", "nan"),
    ({"type": "fixed", "dealy": 1}, "backoff", "'dealy'"),
]
CALLS: dict[str, Bad] = {
    "empty type": (lambda q, j: q.create("", {}), kue.InvalidOption, "type", "''"),
    "no type": (lambda q, j: q.create(None), kue.InvalidOption, "type", "None"),
    "number as type": (lambda q, j: q.create(7), kue.InvalidOption, "type", "7"),
    "bytes as type": (lambda q, j: q.create(b"email"), kue.InvalidOption, "type", "b'email'"),
    "half a surrogate pair as type": (lambda q, j: q.create("\ud800"), kue.InvalidOption, "type", r"'\ud800'"),
    "unknown option": (lambda q, j: q.create("email", attempt=3), kue.UnknownOption, "attempt", "attempts"),
    "Kue's spelling": (lambda q, j: q.create("email", removeOnComplete=True), kue.UnknownOption, "removeOn", "remove_"),
    "unknown option, None": (lambda q, j: q.create("email", tll=None), kue.UnknownOption, "tll", "ttl"),
    "process: empty type": (lambda q, j: q.process("", print), kue.InvalidOption, "type", "''"),
    "process: no types": (lambda q, j: q.process([], lambda job: 1), kue.InvalidOption, "type", "[]"),
    "process: one bad type": (lambda q, j: q.process(["a", 7], lambda job: 1), kue.InvalidOption, "type", "7"),
    "process: no slots": (lambda q, j: q.process("a", 0, lambda job: 1), kue.InvalidOption, "slots", "0"),
    "process: half a slot": (lambda q, j: q.process("a", 0.5, lambda job: 1), kue.InvalidOption, "slots", "0.5"),
    "process: text slots": (lambda q, j: q.process("a", "2", lambda job: 1), kue.InvalidOption, "slots", "'2'"),
    "process: True slots": (lambda q, j: q.process("a", True, lambda job: 1), kue.InvalidOption, "slots", "True"),
    "handler: none": (lambda q, j: q.process("a", 1, 7), kue.InvalidHandler, "handler", "7"),
    "handler: no parameter": (lambda q, j: q.process("a", lambda: 1), kue.InvalidHandler, "handler", "0 parameters"),
    "handler: four": (lambda q, j: q.process("a", lambda a, b, c, d: 1), kue.InvalidHandler, "handler", "4 parameters"),
    "handler: keyword": (lambda q, j: q.process("a", lambda job, *, x: 1), kue.InvalidHandler, "handler", "x"),
    "handler: only stars": (lambda q, j: q.process("a", lambda *a: 1), kue.InvalidHandler, "handler", "0 parameters"),
    "handler: decorated": (lambda q, j: q.process("a")(lambda: 1), kue.InvalidHandler, "handler", "0 parameters"),
    "progress: text": (lambda q, j: j.progress("half"), kue.InvalidOption, "progress complete", "'half'"),
    "progress: total": (lambda q, j: j.progress(1, None), kue.InvalidOption, "progress total", "None"),
    "progress: nan": (lambda q, j: j.progress(NAN), kue.InvalidOption, "progress complete", "nan"),
    "progress: inf": (lambda q, j: j.progress(1, INFINITY), kue.InvalidOption, "progress total", "inf"),
    "progress: data": (lambda q, j: j.progress(1, 2, {"at": {1}}), kue.InvalidJobData, "progress data.at", "{1}"),
    "set: field": (lambda q, j: j.set("", "x"), kue.InvalidOption, "field", "''"),
    "set: field 7": (lambda q, j: j.set(7, "x"), kue.InvalidOption, "field", "7"),
    "set: value": (lambda q, j: j.set("tenant", ["x"]), kue.InvalidOption, "tenant", "['x']"),
    "set: object": (lambda q, j: j.set("tenant", {}), kue.InvalidOption, "a string or a number", "{}"),
    "error: number": (lambda q, j: j.error(5), kue.InvalidOption, "error", "5"),
    "error: none": (lambda q, j: j.error(None), kue.InvalidOption, "error", "None"),
    "set: nan": (lambda q, j: j.set("tenant", NAN), kue.InvalidOption, "tenant", "nan"),
    "get_field": (lambda q, j: j.get_field(None), kue.InvalidOption, "field", "None"),
    "state": (lambda q, j: j.state("done"), kue.InvalidOption, "state", "'done'"),
    "send: data": (lambda q, j: j.send("step", {"at": NAN}), kue.InvalidJobData, "step data.at", "nan"),
    "send: event": (lambda q, j: j.send("", 1), kue.InvalidOption, "event", "''"),
    "promise: timeout": (lambda q, j: q.create("email").promise(timeout=-1), kue.InvalidOption, "timeout", "-1"),
    "get: text": (lambda q, j: Job.get("seven", queue=q), kue.InvalidOption, "id", "'seven'"),
    "get: negative": (lambda q, j: Job.get(-1, queue=q), kue.InvalidOption, "id", "-1"),
    "get: float": (lambda q, j: Job.get(1.0, queue=q), kue.InvalidOption, "id", "1.0"),  # type: ignore[arg-type]
    "get: True": (lambda q, j: Job.get(True, queue=q), kue.InvalidOption, "id", "True"),
    "get_log": (lambda q, j: Job.get_log("", queue=q), kue.InvalidOption, "id", "''"),
    "remove_by_id": (lambda q, j: Job.remove_by_id("x", queue=q), kue.InvalidOption, "id", "'x'"),
    "range: start": (lambda q, j: Job.range("0", 1, queue=q), kue.InvalidOption, "start", "'0'"),  # type: ignore
    "range: stop": (lambda q, j: Job.range(0, 1.5, queue=q), kue.InvalidOption, "stop", "1.5"),  # type: ignore
    "range: order": (lambda q, j: Job.range(0, 1, "up", queue=q), kue.InvalidOption, "order", "'up'"),
    "range: state": (lambda q, j: Job.range_by_state("x", 0, 1, queue=q), kue.InvalidOption, "state", "'x'"),
    "range: type": (lambda q, j: Job.range_by_type("", "failed", 0, 1, queue=q), kue.InvalidOption, "type", "''"),
    "count: state": (lambda q, j: q.card("x"), kue.InvalidOption, "state", "'x'"),
    "count: type": (lambda q, j: q.inactive_count(""), kue.InvalidOption, "type", "''"),
    "card_by_type": (lambda q, j: q.card_by_type("email", "gone"), kue.InvalidOption, "state", "'gone'"),
    "state ids": (lambda q, j: q.state(7), kue.InvalidOption, "state", "7"),
    "setting": (lambda q, j: q.setting(None), kue.InvalidOption, "name", "None"),
    "on: listener": (lambda q, j: q.on("job complete", "print"), kue.InvalidHandler, "listener", "'print'"),
    "on: event": (lambda q, j: q.on("", print), kue.InvalidOption, "event", "''"),
    "shutdown": (lambda q, j: q.shutdown("now"), kue.InvalidOption, "timeout", "'now'"),
    "watch_stuck_jobs": (lambda q, j: q.watch_stuck_jobs(0), kue.InvalidOption, "interval", "0"),
    "save_all": (lambda q, j: q.save_all([{"type": "email"}]), kue.InvalidOption, "save_all", "{'type': 'email'}"),
}
QUEUES: list[tuple[dict[str, Any], type[Exception], str, str]] = [
    *(({"redis": url}, kue.InvalidURL, "redis", url) for url in ("http://x", "redis//x", "", "x:6379", "embedded:x")),
    *(({"redis": url}, kue.InvalidURL, "redis", url) for url in ("redis://h:port", "redis://h/db", "redis://h:99999")),
    ({"redis": "unix://"}, kue.InvalidURL, "redis", "unix://"),
    *(({"redis": value}, kue.InvalidOption, "redis", repr(value)) for value in (7, ["redis://"], b"x")),
    ({"redis": {"hots": "x"}}, kue.InvalidOption, "redis", "'hots'"),
    *(({"redis": {"port": value}}, kue.InvalidOption, "port", repr(value)) for value in ("x", -1, 70_000, 1.5)),
    *(({"prefix": value}, kue.InvalidOption, "prefix", repr(value)) for value in ("", None, 7, b"q")),
    *(({"name": value}, kue.InvalidOption, "name", repr(value)) for value in ("", None)),
    *(({"promotion": value}, kue.InvalidOption, "promotion", repr(value)) for value in (7, [1])),
    ({"promotion": {"interval": 0}}, kue.InvalidOption, "promotion interval", "0"),
    ({"promotion": {"limit": "x"}}, kue.InvalidOption, "promotion limit", "'x'"),
    ({"promotion": {"lockTtl": 5}}, kue.UnknownOption, "promotion", "'lockTtl'"),
    ({"job_flags": {"email": {"attempts": -1}}}, kue.InvalidOption, "attempts", "-1"),
    ({"job_flags": {"email": {"atempts": 1}}}, kue.UnknownOption, "email", "'atempts'"),
    ({"job_flags": {"email": 7}}, kue.InvalidOption, "email", "7"),
    ({"job_flags": {"": {}}}, kue.InvalidOption, "type", "''"),
    ({"lease": 10}, kue.InvalidOption, "lease", "10"),
    ({"stuck_after": -1}, kue.InvalidOption, "stuck_after", "-1"),
    ({"ghost_retries": -1}, kue.InvalidOption, "ghost_retries", "-1"),
    ({"job_events": "no"}, kue.InvalidOption, "job_events", "'no'"),
    ({"json_default": 7}, kue.InvalidOption, "json_default", "7"),
    ({"jobEvents": True}, kue.UnknownOption, "jobEvents", "job_events"),
]


@pytest.fixture
def queue(make_queue: MakeQueue) -> Any:
    """A queue of kue_send at the shared Redis."""
    return make_queue(send=True)


def assert_refused(call: Callable[[], Any], error: type[Exception], argument: str, value: str) -> None:
    with pytest.raises(kue.KueError) as caught:
        call()
    assert type(caught.value) is error
    assert argument in str(caught.value) and value in str(caught.value)


WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "save": lambda queue, job: job.save(),
    "save_all": lambda queue, job: queue.save_all([job]),
    "update": lambda queue, job: job.save(),
    "promise": lambda queue, job: job.promise(),
}


@pytest.mark.parametrize("way", WAYS)
def test_data_that_json_cannot_hold_is_refused_and_not_written(queue: Any, client: Any, way: str) -> None:
    saved = queue.create("email", {"n": 1}).save()
    before = keyspace(client)
    for data, path, value in DATA:
        job = saved if way == "update" else queue.create("email")
        job.data = data
        assert_refused(lambda job=job: WAYS[way](queue, job), kue.InvalidJobData, f"data{path}: ", value)  # type: ignore[misc]
        assert keyspace(client) == before
        if way != "update":
            assert (job.id, job.state()) == (None, None)


ROWS = [(name, value, name, repr(value)) for name, value in OPTIONS] + [("backoff", *row) for row in BACKOFFS]


@pytest.mark.parametrize("option", sorted({name for name, *_ in ROWS}))
def test_a_bad_option_is_refused_and_changes_nothing(queue: Any, client: Any, option: str) -> None:
    job = queue.create("email")
    for _, value, argument, shown in [row for row in ROWS if row[0] == option]:
        assert_refused(lambda value=value: getattr(job, option)(value), kue.InvalidOption, argument, shown)  # type: ignore[misc]
        keywords = {option: value}
        assert_refused(lambda keywords=keywords: queue.create("email", **keywords), kue.InvalidOption, argument, shown)  # type: ignore[misc]
        assert getattr(job, option)() == getattr(queue.create("email"), option)()
    assert keyspace(client) == {}


@pytest.mark.parametrize("what", CALLS)
def test_a_bad_argument_is_refused_and_nothing_is_written(queue: Any, client: Any, what: str) -> None:
    call, *expected = CALLS[what]
    job = queue.create("email").save()
    before = keyspace(client)
    assert_refused(lambda: call(queue, job), *expected)  # type: ignore[arg-type]
    assert keyspace(client) == before
    assert queue.workers == [] and not queue.is_shut_down
    job.progress(1, 2).set("still", "well")


@pytest.mark.parametrize(("options", "error", "argument", "value"), QUEUES, ids=repr)
def test_a_bad_option_of_a_queue_is_refused(
    options: dict[str, Any], error: type[Exception], argument: str, value: str
) -> None:
    assert_refused(lambda: kue.Queue(**options), error, argument, value)


def test_a_password_in_a_bad_address_is_not_shown() -> None:
    for bad in ("http://:s3cret@h", "redis://:s3cret@h:port", {"auth": "s3cret", "port": "x"}):
        with pytest.raises(kue.InvalidOption) as caught:
            kue.Queue(redis=bad)
        assert "s3cret" not in str(caught.value)
