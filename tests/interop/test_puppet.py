"""The tests' own Node process: real Kue runs in it, hears, works, fails and dies as asked."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.helpers import keyspace, wait_until
from tests.interop.node import STATES, NodeError, NodeKue
from tests.servers import RedisServer

ROOT = Path(__file__).parent.parent.parent
StartNode = Callable[..., NodeKue]


def test_a_saved_job_is_in_redis_and_in_kue(node: NodeKue, client: "redis.Redis") -> None:
    id = node.create(
        "email", {"to": "zoë \u2028 \U0001f600"}, priority="high", attempts=3, ttl=5000, removeOnComplete=True
    )
    job = node.get(id)
    assert (job["id"], job["type"], job["state"], job["priority"]) == (1, "email", "inactive", -10)
    assert job["data"] == {"to": "zoë \u2028 \U0001f600"}
    assert job["attempts"] == {"made": 0, "remaining": 3, "max": 3}
    assert keyspace(client)["q:jobs:email:inactive"] == {"01|1": -10.0}
    assert keyspace(client)["q:job:1"]["removeOnComplete"] == "true"
    assert node.events() == [["job enqueue", 1, "email"]]
    assert node.job_events(1) == [["enqueue", "email"]]
    assert node.messages() == ['{"id":1,"event":"enqueue","args":["enqueue","email"]}']


def test_jobs_are_worked_off_and_recorded(node: NodeKue) -> None:
    ids = node.create_many("email", [{"n": n} for n in range(20)])
    node.process("email", 3, "report")
    wait_until(lambda: len(node.events("job complete")) == len(ids))
    assert [run["data"]["n"] for run in sorted(node.runs(), key=lambda run: run["id"])] == list(range(20))
    assert node.counts() == node.counts("email") == dict.fromkeys(STATES, 0) | {"complete": 20}
    assert node.log(ids[0]) == [f"working on {ids[0]}"]
    assert node.get(ids[0])["progress_data"] == {"step": "half"}
    assert [job["id"] for job in node.range_by_state("complete", 0, 2)] == ids[:3]
    assert [job["id"] for job in node.range_by_type("email", "complete", 0, 1, "desc")] == ids[1::-1]
    assert len(node.range(0, -1)) == 20
    assert node.on_queue("types") == ["email"]


@pytest.mark.parametrize(
    ("behaviour", "options", "failures"),
    [
        ("flaky", {"times": 2}, 2),
        ("source", {"source": "(job, done) => done(job.toJSON().attempts.made ? null : 'no')"}, 1),
        ("source", {"source": "(job, ctx, done) => done()"}, 0),
        ("sleep", {"ms": 1}, 0),
    ],
)
def test_a_failed_attempt_is_tried_again(node: NodeKue, behaviour: str, options: dict[str, Any], failures: int) -> None:
    id = node.create("email", attempts=3)
    node.process("email", 1, behaviour, **options)
    wait_until(lambda: node.events("job complete"))
    assert len(node.events("job failed attempt")) == failures
    assert node.get(id)["attempts"]["made"] == failures + 1


def test_a_job_fails_for_good(node: NodeKue) -> None:
    id = node.create("email", backoffSource="function (attempts, delay) { return attempts * 7; }")
    node.process("email", behaviour="fail", message="no such address", asString=True)
    wait_until(lambda: node.events("job failed"))
    assert node.get(id)["error"] == "no such address"
    assert node.job_events(id, "failed") == [["failed", "no such address", None]]


def test_a_job_is_changed_by_hand(node: NodeKue) -> None:
    id = node.create("email", {"a": 1}, delay=60_000)
    for state in STATES:
        node.state_change(id, state)
        assert node.get(id)["state"] == state
    node.update(id, data={"a": 2}, priority="low", backoff={"type": "fixed", "delay": 9})
    node.on_job(id, "log", "%s and %d", "one", 2)
    node.on_job(id, "progress", 1, 3)
    job = node.get(id)
    assert (job["data"], job["priority"], job["progress"]) == ({"a": 2}, 10, "33")
    assert node.log(id) == ["one and 2"]
    node.remove(id)
    with pytest.raises(NodeError, match="doesnt exist"):
        node.get(id)


def test_javascript_runs_in_the_process(node: NodeKue) -> None:
    source = "async (name, value) => { await call(queue.client, 'set', name, value); return kue.version; }"
    assert node.evaluate(source, "key", "value") == "0.11.6"
    with pytest.raises(NodeError, match="TypeError: not this"):
        node.evaluate("() => { throw new TypeError('not this'); }")


def test_shutdown_fails_the_job_in_hand(node: NodeKue) -> None:
    node.create("email")
    node.process("email", behaviour="hang")
    wait_until(node.runs)
    node.shutdown(50)
    assert '"Shutdown"' in node.messages()[-1]


def test_missing_tokens_are_put_back(node: NodeKue, client: "redis.Redis") -> None:
    node.create("email")
    client.delete("q:email:jobs")
    node.watch_stuck_jobs(10)
    wait_until(lambda: client.llen("q:email:jobs") == 1)


def test_a_killed_process_is_reported(node: NodeKue) -> None:
    node.create("email")
    node.process("email", behaviour="hang")
    wait_until(node.runs)
    node.kill()
    with pytest.raises(NodeError, match="ended with code -9"):
        node.get(1)


def test_a_crash_shows_what_node_wrote(node: NodeKue) -> None:
    node.create("email", {})
    node.process("email", behaviour="source", source="(job, done) => { throw new Error('crashed here'); }")
    wait_until(lambda: not node.running)
    with pytest.raises(NodeError, match="crashed here"):
        node.counts()


def test_a_paused_process_answers_later(node_kue: StartNode, redis_url: str) -> None:
    node = node_kue(redis_url)
    node.timeout = 0.2
    node.pause()
    with pytest.raises(NodeError, match="no answer to heard"):
        node.events()
    node.resume()
    node.timeout = 30
    assert node.events() == []


def test_an_unreachable_server_is_reported(node_kue: StartNode) -> None:
    for timeout in (2, 10, 30):  # a busy machine starts Node late
        with pytest.raises(NodeError) as caught:
            node_kue("redis://127.0.0.1:1", timeout=timeout)
        if "ECONNREFUSED" in str(caught.value):
            return
    pytest.fail(str(caught.value))


@pytest.mark.parametrize(
    ("kind", "node_client"), [("redis", "ioredis"), ("cluster", "ioredis"), ("cluster", "cluster")]
)
def test_kue_on_ioredis_writes_the_braced_prefix(
    node_kue: StartNode, servers: Callable[[str], RedisServer], kind: str, node_client: str
) -> None:
    server = servers(kind)
    node = node_kue(server.url, **{node_client: True})
    node.process("email", 2)
    id = node.create("email", {"a": 1}, delay=1)
    wait_until(lambda: node.events("job complete"))
    assert node.get(id)["result"] == {"a": 1}
    names = keyspace(server.client())
    assert all(name.startswith("{q}:") for name in names if not name.endswith(":lock")), names
    assert node.messages()


def test_node_dies_with_its_parent_even_stopped(node: NodeKue, redis_url: str, client: "redis.Redis") -> None:
    start = f"from tests.interop.node import NodeKue; NodeKue({redis_url!r}).pause()"
    program = f"{start}; print('up', flush=True); input()"
    before = len(client.client_list())
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        assert len(client.client_list()) > before
        parent.kill()
    wait_until(lambda: len(client.client_list()) == before)
