"""What Kue's routes that change something answer and leave in Redis: real Kue and we, each with jobs of its own."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.helpers import keyspace
from tests.web.conftest import Both
from tests.web.server import JSON, Answer, Client

pytestmark = pytest.mark.node

JSON_TYPES = ("application/json", "application/JSON", "application/json; charset=utf-8")
TIMES = ("created_at", "promote_at", "updated_at", "started_at", "failed_at")
DATA = ({"to": "a"}, [], [1, 2], "x", 5, 1.5, True, {"ü": "\u2028", "n": None}, None, 0, "", False, {})
PRIORITIES = ("high", "critical", 5, -3, "5", "-5", 0, None, "", False)
CREATED: tuple[Any, ...] = (
    *(
        {"type": "email", "data": data}
        for data in ({"to": "a"}, [], [1, 2], "x", 5, 1.5, True, {"ü": "\u2028", "n": None})
    ),
    *({"type": "email", "data": data} for data in DATA),
    *({"type": type} for type in (123, 1.5, "a/b c", "ünï%?#", " ", "__proto__")),
    *({"type": type} for type in ("", 0, None, False)),
    {"data": {"to": "a"}},
    *({"type": "email", "options": options} for options in (None, 0, 5, [], "x", {}, {"foo": 1}, {"data": 1})),
    *(
        {"type": "email", "options": {"priority": value}}
        for value in ("high", "critical", 5, -3, "5", "-5", 0, None, "", False)
    ),
    *({"type": "email", "options": {"attempts": value}} for value in (1, 5, "5", 0, None, "", False)),
    *({"type": "email", "options": {"ttl": value}} for value in (700, "700", 0, None, "")),
    *({"type": "email", "options": {"delay": value}} for value in (60_000, "60000", 0, None, "")),
    *({"type": "email", "options": {"removeOnComplete": value}} for value in (True, False, None, 0, "true", "")),
    *({"type": "email", "options": {"backoff": value}} for value in (True, False, None, {"type": "fixed", "delay": 5})),
    {"type": "email", "options": {"backoff": {"delay": 5, "type": "exponential", "maxDelay": 90}}},
    {"type": "email", "priority": 5},
    [{"type": "a"}, {"type": "b", "options": {"attempts": 3}}],
    [{"type": "a"}, {}, {"type": ""}, {"type": "c"}],
    [{}],
    [],
    {},
)


@pytest.fixture
def pair(both: Both) -> Iterator[Both]:
    both.redis.flushall()
    yield both


def created(side: Client, both: Both, body: Any, header: tuple[str, str] = JSON) -> tuple[Any, ...]:
    """What a side answers to a new job, and the keys that it leaves, without times."""
    both.redis.flushall()
    answer = side.ask("POST", "/job", [header], json.dumps(body).encode())
    return answer.status, answer.type, answer.body.decode(), left(both)


def left(both: Both) -> Any:
    """The keyspace without times and what search wrote; a later time than the other side's says nothing."""
    found = keyspace(both.redis)
    for key in list(found):
        if key.startswith(("q:search:", "q:py:")):
            del found[key]
        elif key == "q:jobs:delayed":
            found[key] = sorted(found[key])
        elif re.fullmatch(r"q:job:\d+", key):
            fields = {name: value for name, value in found[key].items() if name not in TIMES}
            found[key] = {**fields, "backoff": json.loads(fields.get("backoff", "null"))}
    return found


@pytest.mark.parametrize("body", CREATED, ids=lambda body: json.dumps(body)[:60])
def test_a_job_is_created_as_by_node(pair: Both, body: Any) -> None:
    assert created(pair.ours, pair, body) == created(pair.node, pair, body)


@pytest.mark.parametrize("kind", JSON_TYPES)
def test_the_content_type_counts_as_in_node(pair: Both, kind: str) -> None:
    body, header = {"type": "email"}, ("Content-Type", kind)
    assert created(pair.ours, pair, body, header) == created(pair.node, pair, body, header)


@pytest.mark.parametrize("headers", [[], [JSON]])
def test_no_body_creates_nothing(pair: Both, headers: list[tuple[str, str]]) -> None:
    for body in (None, b""):
        node, ours = (side.ask("POST", "/job", headers, body) for side in (pair.node, pair.ours))
        assert (node.status, node.body) == (ours.status, ours.body) == (204, b"")
    assert left(pair) == {}


def both_ways(pair: Both, method: str, path: str, seed: dict[str, Any]) -> tuple[Any, Any]:
    """What each side answers, and leaves, for a job that was made by the same request."""
    found = []
    for side in (pair.node, pair.ours):
        pair.redis.flushall()
        assert pair.node.post("/job", seed).json == {"message": "job created", "id": 1}
        answer: Answer = side.ask(method, path)
        found.append(((answer.status, answer.type, answer.body.decode()), left(pair)))
    return found[0], found[1]


PLAIN = {"type": "email", "data": {"to": "a"}, "options": {"attempts": 3}}
DELAYED = {"type": "email", "options": {"delay": 60_000}}


@pytest.mark.parametrize("state", ["complete", "failed", "delayed", "active"])
@pytest.mark.parametrize("seed", [PLAIN, DELAYED], ids=["queued", "delayed"])
def test_a_state_is_set_as_in_node(pair: Both, state: str, seed: dict[str, Any]) -> None:
    node, ours = both_ways(pair, "PUT", f"/job/1/state/{state}", seed)
    assert ours == node


@pytest.mark.parametrize(("method", "path"), [("PUT", "/job/1/state/inactive"), ("GET", "/inactive/1")])
def test_a_job_is_queued_again_with_one_token(pair: Both, method: str, path: str) -> None:
    """Node pushes two with `PUT`, since it writes the state twice."""
    node, ours = both_ways(pair, method, path, DELAYED)
    assert ours[0] == node[0]
    tokens = {"q:email:jobs": ["1"]}
    assert ours[1] == {**node[1], **tokens}


@pytest.mark.parametrize("priority", ["5", "-5", "5abc", "1.9", "0", "%205", "x", "high", "-", "%C3%BC"])
def test_a_priority_is_set_as_in_node(pair: Both, priority: str) -> None:
    node, ours = both_ways(pair, "PUT", f"/job/1/priority/{priority}", PLAIN)
    assert ours == node


def test_a_job_is_removed_as_in_node(pair: Both) -> None:
    node, ours = both_ways(pair, "DELETE", "/job/1", PLAIN)
    assert ours == node


@pytest.mark.parametrize("id", ["99", "01", "abc", "1.0", "%31x", "-1"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/job/{}/state/active"), ("PUT", "/job/{}/priority/5"), ("DELETE", "/job/{}"), ("GET", "/inactive/{}")],
)
def test_an_id_that_no_job_has(pair: Both, method: str, path: str, id: str) -> None:
    node, ours = both_ways(pair, method, path.format(id), PLAIN)
    assert ours == node


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/job/1/state/active"), ("DELETE", "/job/1"), ("GET", "/inactive/1"), ("POST", "/job")]
)
def test_a_client_that_takes_no_json_changes_nothing(pair: Both, method: str, path: str) -> None:
    for side in (pair.node, pair.ours):
        pair.redis.flushall()
        assert pair.node.post("/job", PLAIN).status == 200
        before = left(pair)
        assert side.ask(method, path, [("Accept", "text/html"), JSON], b'{"type":"x"}').status == 404
        assert left(pair) == before
