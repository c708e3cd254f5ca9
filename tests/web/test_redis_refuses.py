"""If Redis refuses what a request asks for, the answer says so: 503 if it may work later, else as in Node."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import kue
import kue.web
from tests.helpers import keyspace
from tests.servers import RedisServer
from tests.web.asgi import ask
from tests.web.conftest import Both

TWO: list[dict[str, str]] = [{"type": "email"}, {"type": "sms"}]
CHANGING: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/job", TWO[0]),
    ("POST", "/job", TWO),
    ("PUT", "/job/1/priority/5", None),
    ("GET", "/inactive/2", None),
    ("POST", "/api/v1/jobs", TWO[0]),
    ("POST", "/api/v1/jobs/1/priority", {"priority": 4}),
)


@contextmanager
def out_of_memory(client: Any) -> Iterator[str]:
    client.config_set("maxmemory", 1)
    yield "OOM command not allowed when used memory > 'maxmemory'."
    client.config_set("maxmemory", 0)


@contextmanager
def without_replicas(client: Any) -> Iterator[str]:
    client.config_set("min-replicas-to-write", 1)
    yield "NOREPLICAS Not enough good replicas to write."
    client.config_set("min-replicas-to-write", 0)


@contextmanager
def being_a_replica(client: Any) -> Iterator[str]:
    client.replicaof("127.0.0.1", 1)
    yield "READONLY You can't write against a read only replica."
    client.replicaof("NO", "ONE")


@pytest.fixture(scope="module")
def own() -> Iterator[tuple[Any, Any, kue.Queue]]:
    with RedisServer() as server, server.client() as client, kue.Queue(redis=server.url) as queue:
        yield client, kue.web.app(queue, auth=kue.web.open_access), queue


@pytest.mark.parametrize("state", [out_of_memory, without_replicas, being_a_replica])
def test_what_redis_refuses_for_a_while_is_503_with_its_words(own: tuple[Any, Any, kue.Queue], state: Any) -> None:
    client, app, queue = own
    client.flushall()
    queue.save_all(queue.create("email") for _ in range(2))
    before = keyspace(client)
    with state(client) as words:
        answers = [ask(app, method, path, json=body) for method, path, body in CHANGING]
        assert [ask(app, "GET", path).status for path in ("/stats", "/jobs/0..-1", "/api/v1/jobs")] == [200] * 3
    assert [(answer.status, answer.headers["retry-after"]) for answer in answers] == [(503, "1")] * len(CHANGING)
    one, both, *_ = (answer.json for answer in answers)
    assert one == {"error": f"Redis refused: {words}"}
    assert both == [{"error": words}] * 2
    assert "script" not in "".join(answer.body.decode() for answer in answers)
    assert keyspace(client) == before


def test_a_redis_that_refuses_the_connection_is_503(own: tuple[Any, Any, kue.Queue]) -> None:
    client, _, queue = own
    client.flushall()
    with kue.Queue(redis=str(queue.runtime.store.connections.address).replace("//", "//nobody:x@")) as stranger:
        app = kue.web.app(stranger, auth=kue.web.open_access)
        for method, path, body in (*CHANGING, ("GET", "/stats", None), ("GET", "/api/v1/types", None)):
            assert ask(app, method, path, json=body).status == 503, path


@pytest.mark.node
@pytest.mark.parametrize("body", [TWO[0], TWO], ids=["one", "two"])
def test_a_save_that_redis_refuses_for_good_is_500_as_in_node(both: Both, body: Any) -> None:
    both.redis.flushall()
    both.redis.set("q:ids", "no number")
    node, ours = (side.post("/job", body) for side in (both.node, both.ours))
    assert node.status == 500
    assert (ours.status, ours.type, ours.json) == (node.status, node.type, node.json)
    assert both.redis.keys("q:job*") == []


@pytest.mark.node
def test_a_change_that_redis_refuses_for_good_is_as_in_node(both: Both) -> None:
    both.redis.flushall()
    assert both.node.post("/job", TWO[0]).status == 200
    both.redis.delete("q:jobs")
    both.redis.set("q:jobs", "no zset")
    node, ours = (side.get("/jobs/0..-1") for side in (both.node, both.ours))
    assert (ours.status, ours.json) == (node.status, node.json)
    changed = both.ours.ask("PUT", "/job/1/priority/5")
    assert (changed.status, changed.json) == (200, node.json)
