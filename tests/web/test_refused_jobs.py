"""Kue's routes refuse what real Kue stores as nonsense, runs as code or dies of, and then write nothing."""

import json
from typing import Any

import pytest

import kue
from tests.helpers import keyspace
from tests.web.server import JSON, WebServer

OPTIONS: tuple[dict[str, Any], ...] = (
    *({"priority": value} for value in ("nope", "HIGH", 1.5, "1.5", [], {}, True, 1e300, "0x10", "9" * 30)),
    *({"attempts": value} for value in (-1, 2.5, "x", [], {}, True, 1e300)),
    *({"delay": value} for value in (-1, "x", [], {}, True, "1e3", 1e300)),
    *({"ttl": value} for value in (-1, "x", [], {}, True)),
    *({"backoff": value} for value in ("function () { return 1 }", 1, [], {}, {"type": "nope"}, {"delay": 5})),
    *({"backoff": {"type": "fixed", "delay": value}} for value in (-1, "x", [])),
    *({"removeOnComplete": value} for value in ("false", "no", 2, [], {})),
    *({"searchKeys": value} for value in (5, {}, [5], True)),
)
TYPES: tuple[Any, ...] = ({}, [], ["email"], True, {"type": "email"}, "py:x", "*")
BODIES = {
    "no JSON": (b"{", 400),
    "a string": (b'"email"', 400),
    "a number": (b"5", 400),
    "null": (b"null", 400),
    "NaN": (b'{"type":"email","data":NaN}', 400),
    "a number beyond a float": (b'{"type":"email","data":1e999}', 400),
    "an integer beyond a float": (b'{"type":"email","data":' + b"9" * 400 + b"}", 400),
    "half a surrogate pair": (b'{"type":"email","data":"\\ud800"}', 400),
    "half a surrogate pair in a type": (b'{"type":"\\udc00"}', 400),
    "no UTF-8": (b'{"type":"\xff"}', 400),
    "deep": (b'{"type":"email","data":' + b"[" * 101 + b"]" * 101 + b"}", 400),
    "very deep": (b'{"type":"email","data":' + b"[" * 200_000 + b"]" * 200_000 + b"}", 400),
    "more than 5 MB": (b'{"type":"email","data":"' + b"x" * 5_000_000 + b'"}', 413),
    "null in a list": (b'[{"type":"email"},null,{"type":"email"}]', 400),
    "a string in a list": (b'[{"type":"email"},"email"]', 400),
    "a list in a list": (b'[[{"type":"email"}]]', 400),
    "a long list": (json.dumps([{"type": "email"}] * 1001).encode(), 400),
}


@pytest.mark.parametrize("options", OPTIONS, ids=json.dumps)
def test_a_bad_option_is_refused(web: WebServer, client: Any, options: dict[str, Any]) -> None:
    answer = web.post("/job", {"type": "email", "options": options})
    assert (answer.status, list(answer.json)) == (400, ["error"])
    assert keyspace(client) == {}


def test_a_number_may_come_as_text(web: WebServer, client: Any) -> None:
    for id, delay in enumerate((5.5, "5.5", " 6 ", 6), 1):
        assert web.post("/job", {"type": "email", "options": {"delay": delay, "attempts": "3"}}).json["id"] == id
    first, second, third, last = (client.hmget(f"q:job:{id}", "delay", "max_attempts") for id in (1, 2, 3, 4))
    assert (first, third) == (second, last)


@pytest.mark.parametrize("type", TYPES, ids=json.dumps)
def test_a_type_that_is_no_name_is_refused(web: WebServer, client: Any, type: Any) -> None:
    answer = web.post("/job", {"type": type})
    assert (answer.status, list(answer.json)) == (400, ["error"])
    assert "type" in answer.json["error"]
    assert keyspace(client) == {}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
def test_a_bad_body_is_refused_as_a_whole(web: WebServer, client: Any, body: bytes, status: int) -> None:
    answer = web.ask("POST", "/job", [JSON], body)
    assert (answer.status, answer.type) == (status, "application/json; charset=utf-8")
    assert list(answer.json) == ["error"]
    assert keyspace(client) == {}


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Content-Type", "text/plain")],
        [("Content-Type", "application/x-www-form-urlencoded")],
        [("Content-Type", "application/vnd.api+json")],
        [("Content-Type", "application/json; charset=latin1")],
        [JSON, ("Content-Encoding", "gzip")],
    ],
    ids=str,
)
def test_a_body_of_another_kind_is_refused(web: WebServer, client: Any, headers: list[tuple[str, str]]) -> None:
    assert web.ask("POST", "/job", headers, b'{"type":"email"}').status == 415
    assert keyspace(client) == {}


def test_a_bad_entry_of_a_list_has_its_error_in_its_place(web: WebServer, queue: kue.Queue) -> None:
    bad = {"type": "email", "options": {"attempts": -1}}
    answer = web.post("/job", [{"type": "email"}, bad, {}, {"type": "sms", "data": {"n": 1}}])
    assert answer.status == 400
    first, wrong, no_type, last = answer.json
    assert (first, last) == ({"message": "job created", "id": 1}, {"message": "job created", "id": 2})
    assert wrong["error"].startswith("attempts must be")
    assert no_type == {"error": "Must provide job type"}
    assert [(queue.get(id).type, queue.get(id).data) for id in (1, 2)] == [("email", {}), ("sms", {"n": 1})]


@pytest.mark.parametrize("state", ["nope", "Complete", "email:complete", "%2A"])
def test_a_state_that_does_not_exist_is_refused(web: WebServer, client: Any, queue: kue.Queue, state: str) -> None:
    queue.create("email").save()
    before = keyspace(client)
    answer = web.ask("PUT", f"/job/1/state/{state}")
    assert (answer.status, list(answer.json)) == (400, ["error"])
    assert keyspace(client) == before


def test_head_does_not_queue_a_job_again(web: WebServer, client: Any, queue: kue.Queue) -> None:
    queue.create("email").save().failed()
    before = keyspace(client)
    answer = web.ask("HEAD", "/inactive/1")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert keyspace(client) == before


def test_nothing_that_reads_writes(web: WebServer, client: Any, queue: kue.Queue) -> None:
    """In Node, asking for a hash without a type or an id without a hash removes what is filed under it."""
    queue.create("email").save()
    client.hset("q:job:2", "data", "{}")
    client.set("q:job:3", "a key of the wrong kind")
    client.zadd("q:jobs", {"01|2": 0, "01|3": 0, "01|4": 0, "no zid": 0})
    client.zadd("q:jobs:complete", {"01|2": 0, "01|4": 0})
    before = keyspace(client)
    for path in ("/job/1", "/job/2", "/job/3", "/job/4", "/job/2/log", "/jobs/0..-1", "/jobs/complete/0..-1/desc"):
        assert web.get(path).status == 200
    for path in ("/stats", "/job/types", "/jobs/email/complete/stats", "/jobs/email/0..5", "/job/x"):
        assert web.get(path).status == 200
    assert keyspace(client) == before
