"""Jobs that one side saved and the other cannot read in full: JavaScript in the backoff, unknown types, spoilt data."""

from collections.abc import Callable
from typing import Any

import pytest
import redis

import kue
from kue.errors import JobInvalid
from tests.helpers import wait_until
from tests.interop.node import NodeError, NodeKue
from tests.interop.tellers import Error, handler
from tests.interop.traces import Channel

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]
HOUR = 3_600_000
BACKOFF = "function (attempts, delay) { return attempts * delay + 7; }"


def test_a_javascript_backoff_is_not_run_by_python(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    """The retry waits for the job's own delay, and a warning says so, once."""
    node, queue, trouble = unharmed_node(), make_queue(), []
    queue.on("error", trouble.append)
    id = node.create("email", attempts=2, delay=HOUR, backoffSource=BACKOFF)
    kue.Job.get(id, queue=queue).inactive()
    queue.process("email", handler("fail"))
    channel.wait_for("failed attempt")
    delay, failed_at, promote_at = map(int, client.hmget(f"q:job:{id}", "delay", "failed_at", "promote_at"))
    assert (delay, promote_at) == (HOUR, failed_at + HOUR)
    assert client.hget(f"q:job:{id}", "backoff") == BACKOFF.encode()
    kue.Job.get(id, queue=queue).inactive()
    channel.wait_for("failed")
    wait_until(lambda: trouble)
    assert [str(problem) for problem in trouble] == [
        f"job {id} has a JavaScript backoff, which is not run: its own delay is used"
    ]


def test_a_javascript_backoff_without_a_delay_retries_at_once(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel
) -> None:
    node, queue = unharmed_node(), make_queue(promotion={"interval": 20})
    id = node.create("email", {"n": 1}, attempts=2, backoffSource=BACKOFF)
    queue.process("email", handler("flaky"))
    channel.wait_for("complete")
    assert channel.names(id)[2:] == ["error", "failed attempt", "promotion", "enqueue", "start", "complete"]


def test_a_javascript_backoff_survives_an_update_by_python_and_is_run_by_node(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(), make_queue()
    id = node.create("email", attempts=2, delay=HOUR, backoffSource=BACKOFF)
    job = kue.Job.get(id, queue=queue)
    assert job.backoff() == BACKOFF
    job.priority("high").update().inactive()
    node.process("email", behaviour="fail")
    channel.wait_for("failed attempt")
    assert client.hget(f"q:job:{id}", "delay") == str(HOUR + 7).encode()


def test_an_unknown_backoff_fails_that_one_job(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(), make_queue()
    id = node.create("email", attempts=3)
    client.hset(f"q:job:{id}", "backoff", '{"type":"linear","delay":5}')
    queue.process("email", handler("fail"))
    channel.wait_for("failed")
    assert channel.names(id)[-2:] == ["error", "failed"]
    note = "boom (not tried again: the backoff type 'linear' is unknown)"
    assert channel.events("failed")[0]["args"] == ["failed", note, None]
    failed = node.get(id)
    assert failed["error"].partition("\n")[0] == node.log(id)[0] == f"Error: {note}"
    assert failed["attempts"] == {"made": 1, "remaining": 2, "max": 3}
    good = queue.create("email", attempts=1).save()
    channel.wait_for("failed", 2)
    assert channel.names(good.id)[-1] == "failed"


SPOILT = ["no JSON", "{", "NaN", '{"a":Infinity}', '{"a":1e999999}', '{"a":1}x', "\x00", "[" * 100_000 + "]" * 100_000]


def test_spoilt_data_fails_that_one_job_in_python(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    """With attempts left it is not tried again either: it would come to the same."""
    node, queue = unharmed_node(), make_queue()
    trouble: list[BaseException] = []
    queue.on("error", trouble.append)
    for number, data in enumerate(SPOILT, 1):
        runs: list[int | None] = []
        kind = f"email {number}"
        spoilt, good = node.create(kind, attempts=3, priority="high"), node.create(kind, {"a": 1})
        client.hset(f"q:job:{spoilt}", "data", data)
        queue.process(kind, lambda job, runs=runs: runs.append(job.id))
        channel.wait_for("complete", number)
        channel.wait_for("failed", number)
        assert runs == [good]
        assert channel.names(spoilt)[-2:] == ["error", "failed"]
        message = channel.events("failed", spoilt)[0]["args"][1]
        assert message.startswith(f"job {spoilt} has data that is not JSON (")
        assert client.hget(f"q:job:{spoilt}", "data") == data.encode()
        wait_until(lambda: trouble)
        assert [(type(problem), str(problem)) for problem in trouble] == [(JobInvalid, message)]
        trouble.clear()


@pytest.mark.parametrize("data", ["no JSON", "NaN"])
def test_python_repairs_data_that_node_cannot_read(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis", data: str
) -> None:
    """Node's worker leaves such a job inactive and listed nowhere; its process survives with an `error` listener.

    An update leaves it there, since a Node worker may be about to run such a job.
    """
    node, queue = unharmed_node(), make_queue()
    node.complaint = r"queue error:.*"
    job = queue.create("email", {"a": 1}).save()
    client.hset(f"q:job:{job.id}", "data", data)
    node.process("email")
    wait_until(lambda: node.events("error"))
    assert client.zrange("q:jobs:inactive", 0, -1) == [b"01|1"]
    assert client.zcard("q:jobs:email:inactive") == 0
    with pytest.raises(JobInvalid, match="data that is not JSON"):
        kue.Job.get(job.id, queue=queue)
    job.data = {"a": 2}
    job.update().inactive()
    channel.wait_for("complete")
    assert [run["data"] for run in node.runs()] == [{"a": 2}]


def test_a_hash_without_a_type_is_dropped_by_python(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    node, queue, trouble = unharmed_node(), make_queue(), []
    queue.on("error", trouble.append)
    broken, good = node.create("email", priority="high"), node.create("email")
    client.hdel(f"q:job:{broken}", "type")
    queue.process("email", handler("echo"))
    channel.wait_for("complete")
    wait_until(lambda: trouble)
    assert [str(problem) for problem in trouble] == [f"job {broken} has no type, and was dropped"]
    assert client.zrange("q:jobs", 0, -1) == [f"01|{good}".encode()]
    assert not client.exists(f"q:job:{broken}") and not client.zcard("q:jobs:inactive")
    with pytest.raises(NodeError, match="doesnt exist"):
        node.get(broken)


def test_a_result_that_json_cannot_hold_completes_the_job_for_node_too(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel
) -> None:
    node, queue = unharmed_node(), make_queue()
    id = node.create("email")
    queue.process("email", lambda job: {"rate": float("nan")})
    wait_until(lambda: node.job_events(id, "complete"))
    word: dict[str, Any] = {"error": True, "message": "Invalid JSON Result: \"{'rate': nan}\""}
    assert node.get(id)["result"] == node.job_events(id, "complete")[0][1] == word


ODD_MESSAGES = ["", "\ud800 half \udfff", "a\nb\r\nc", "\u2028 \U0001f600 \x00", "x" * 3_900]


def test_an_odd_error_message_reaches_node_as_it_is(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()

    @queue.process("email")
    def fail(job: kue.Job) -> None:
        raise Error(ODD_MESSAGES[(job.id or 0) - 1])

    for message in ODD_MESSAGES:
        id = node.create("email")
        wait_until(lambda id=id: node.job_events(id, "failed"))
        assert node.job_events(id, "failed") == [["failed", message or "Error", None]]
        assert node.get(id)["state"] == "failed"
