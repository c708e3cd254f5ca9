"""Jobs that wait unseen: their tokens are gone, or a Node worker died between popping and making them active."""

from collections.abc import Callable

import redis

import kue
from kue.common.clock import now_ms
from kue.maintenance.stuck import StuckJobs
from kue.maintenance.tokens import Tokens
from tests.helpers import keyspace, wait_until
from tests.interop.node import NodeKue
from tests.interop.tellers import handler
from tests.interop.traces import Channel

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]
MINUTE = 60_000
DIE_BETWEEN = "() => { kue.Job.get = () => process.kill(process.pid, 'SIGKILL'); }"
STOP_BETWEEN = """() => {
    const get = kue.Job.get;
    kue.Job.get = (id, fn) => { queue.go = () => { kue.Job.get = get; get(id, fn); }; };
}"""


def stuck_of(queue: kue.Queue, after: int = MINUTE) -> StuckJobs:
    return StuckJobs(queue.runtime.store, 2000, after)


def is_stuck(client: "redis.Redis", type: str = "email") -> bool:
    """Whether one job says inactive and is listed for no type."""
    both = client.pipeline()
    both.exists("q:jobs:inactive").exists(f"q:jobs:{type}:inactive")
    return both.execute() == [1, 0]


def leave_as_a_dead_node_does(node: NodeKue, client: "redis.Redis") -> int:
    id = node.create("email", {"a": 1})
    client.delete("q:email:jobs", "q:jobs:email:inactive")
    assert is_stuck(client)
    return id


# --- missing tokens ---


def test_missing_tokens_wake_a_node_worker(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    """Python works another type only; what its ticker puts back, the idle Node worker takes."""
    node, queue = unharmed_node(), make_queue()
    ids = node.create_many("email", [{}, {}, {}])
    client.delete("q:email:jobs")
    node.process("email")
    queue.process("another type", handler("echo"))
    channel.wait_for("complete", 3)
    assert sorted(run["id"] for run in node.runs()) == ids
    assert not client.exists("q:email:jobs")


def test_no_more_tokens_are_added_than_are_missing(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(), make_queue()
    node.create_many("a:b ü", [{}] * 5)
    node.create_many("full", [{}] * 2)
    client.lpop("q:a:b ü:jobs", 3)
    client.lpush("q:full:jobs", 1)
    tokens = Tokens(queue.runtime.store, 1000)
    for _ in range(2):
        assert tokens.run_once(now_ms()) is False
        assert client.lrange("q:a:b ü:jobs", 0, -1) == [b"1"] * 5
        assert client.lrange("q:full:jobs", 0, -1) == [b"1"] * 3


def test_both_watchdogs_at_once_add_no_more_than_one(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(), make_queue()
    node.watch_stuck_jobs(5)
    queue.watch_stuck_jobs(5)
    for _ in range(20):
        node.create("email")
        client.rpop("q:email:jobs")
    wait_until(lambda: client.llen("q:email:jobs") == 20)
    node.process("email")
    channel.wait_for("complete", 20)
    assert len(node.runs()) == 20


# --- stuck jobs ---


def test_a_stuck_job_is_put_back_after_a_minute_and_not_before(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(), make_queue()
    id, stuck, now = leave_as_a_dead_node_does(node, client), stuck_of(queue), now_ms()
    before = keyspace(client, "q:*")
    for later in (0, 1, MINUTE - 1):
        stuck.run_once(now + later)
        assert keyspace(client, "q:*") == before
    stuck.run_once(now + MINUTE)
    assert channel.names() == ["enqueue", "enqueue"]
    after = keyspace(client, "q:*")
    assert after.pop("q:email:jobs") == ["1"]
    assert after.pop("q:jobs:email:inactive") == {"01|1": 0.0}
    assert after["q:job:1"].pop("updated_at") == str(now + MINUTE)
    assert before["q:job:1"].pop("updated_at") < str(now + MINUTE)
    assert after == before
    node.process("email")
    channel.wait_for("complete")
    assert [run["id"] for run in node.runs()] == [id]


def test_an_idle_node_worker_takes_a_stuck_job(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(), make_queue()
    id, stuck, now = leave_as_a_dead_node_does(node, client), stuck_of(queue), now_ms()
    node.process("email")
    stuck.run_once(now)
    stuck.run_once(now + MINUTE)
    channel.wait_for("complete")
    assert node.get(id)["result"] == {"a": 1}
    stuck.run_once(now + 3 * MINUTE)
    assert len(node.runs()) == 1


def test_a_job_of_a_node_worker_killed_between_its_two_steps_is_put_back(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    """From end to end: the job of the dead worker is run by Python, once, and the neighbours are not touched."""
    node, queue = unharmed_node(), make_queue(stuck_after=300)
    node.evaluate(DIE_BETWEEN)
    first, second = (node.create("email", {"n": n}) for n in range(2))
    delayed = node.create("email", delay=3_600_000)
    node.was_killed = True
    node.process("email")
    wait_until(lambda: not node.running)
    assert client.zrange("q:jobs:inactive", 0, -1) == [b"01|1", b"01|2"]
    assert client.zrange("q:jobs:email:inactive", 0, -1) == [b"01|2"]
    assert client.llen("q:email:jobs") == 1
    seen_at = now_ms()
    queue.process("email", handler("echo"))
    queue.watch_stuck_jobs(20)
    channel.wait_for("complete", 2)
    assert [event["id"] for event in channel.events("start")] == [second, first]
    assert int(client.hget(f"q:job:{first}", "started_at")) >= seen_at + 300
    assert kue.Job.get(delayed, queue=queue).state() == "delayed"
    assert (queue.complete_count(), queue.inactive_count(), queue.active_count()) == (2, 0, 0)


def test_a_node_worker_that_only_stands_still_keeps_its_job(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    """It looks dead for a moment; it goes on before the minute is over, and its job runs once."""
    node, queue = unharmed_node(), make_queue()
    stuck, now = stuck_of(queue), now_ms()
    node.evaluate(STOP_BETWEEN)
    id = node.create("email")
    node.process("email")
    wait_until(lambda: is_stuck(client))
    stuck.run_once(now)
    node.evaluate("() => queue.go()")
    channel.wait_for("complete")
    stuck.run_once(now + MINUTE)
    stuck.run_once(now + 3 * MINUTE)
    assert [run["id"] for run in node.runs()] == [id]
    assert channel.names(id) == ["enqueue", "start", "complete"]
    assert not client.exists("q:email:jobs")


def test_a_job_that_python_updates_while_node_is_about_to_run_it_runs_once(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    """Kue's own update would queue it a second time."""
    node, queue = unharmed_node(), make_queue()
    node.evaluate(STOP_BETWEEN)
    id = node.create("email", {"n": 1})
    node.process("email")
    wait_until(lambda: is_stuck(client))
    kue.Job.get(id, queue=queue).priority("high").update()
    assert is_stuck(client), "it was queued a second time"
    node.evaluate("() => queue.go()")
    channel.wait_for("complete")
    next_id = node.create("email", {"n": 2})
    channel.wait_for("complete", 2)
    assert [run["id"] for run in node.runs()] == [id, next_id]
    assert channel.names(id) == ["enqueue", "start", "complete"]


def test_a_job_that_is_stuck_again_waits_its_minute_again(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    """Seen stuck, then run and failed, then popped by another worker that died: the first sight does not count."""
    node, queue = unharmed_node(), make_queue()
    stuck, now = stuck_of(queue), now_ms()
    id = leave_as_a_dead_node_does(node, client)
    stuck.run_once(now)
    wait_until(lambda: now_ms() > now + 1)
    kue.Job.get(id, queue=queue).failed().inactive()
    client.delete("q:email:jobs", "q:jobs:email:inactive")
    stuck.run_once(now + MINUTE)
    assert is_stuck(client)
    stuck.run_once(now + 2 * MINUTE)
    stuck.run_once(now + 3 * MINUTE)
    assert not is_stuck(client)
    assert client.llen("q:email:jobs") == 1
