"""Runs past their ttl, the checker on one side and the worker on the other: one failure each, and no double run."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

import kue
from kue.common.clock import now_ms
from kue.maintenance.ttl import TtlCheck
from tests.helpers import wait_until
from tests.interop.node import NodeKue
from tests.interop.tellers import PROMOTION, handler
from tests.interop.traces import Channel

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]
SECOND, HOUR = 1000, 3_600_000
NEVER = {"interval": HOUR}  # how often Node's own timers look where Python's shall
HANG_ONCE = "(job, done) => { if (job.toJSON().attempts.made) done(null, 'the second time'); }"
ASKED = ["ttl exceeded", "error", "ttl exceeded ack"]


class Blocking:
    """A handler that stands still until `open`; it counts its runs."""

    def __init__(self) -> None:
        self.runs: list[int | None] = []
        self._gate = threading.Event()

    def __call__(self, job: kue.Job) -> str:
        self.runs.append(job.id)
        self._gate.wait(60)
        return "too late"

    def open(self) -> None:
        self._gate.set()


@pytest.fixture
def blocking() -> Iterator[Blocking]:
    blocking = Blocking()
    yield blocking
    blocking.open()


def zid(id: int | None) -> str:
    return f"{len(str(id)):02d}|{id}"


def listens(queue: kue.Queue) -> kue.Queue:
    """Its subscription stands before its first job: here a job is asked for sooner than any ttl could have passed."""
    return queue.on("job start", lambda: None)


def overdue(client: Any, *ids: int | None) -> None:
    """Have the checkers think that these active jobs are past their ttl."""
    assert client.zadd("q:jobs:active", {zid(id): 100_001 for id in ids}, xx=True, ch=True) == len(ids)


def active(client: Any, id: int | None) -> bool:
    return client.hget(f"q:job:{id}", "state") == b"active" and client.zscore("q:jobs:active", zid(id)) is not None


# --- a Python worker and Node's checker ---


def test_a_python_run_that_overruns_ends_itself(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis", blocking: Blocking
) -> None:
    """Two queues share the four attempts: neither answers for a run of the other, nor for an earlier one of its own."""
    node, queues = unharmed_node(promotion=PROMOTION), [make_queue(promotion=PROMOTION) for _ in range(2)]
    node.process("another type")
    for queue in queues:
        queue.process("email", blocking)
    id = node.create("email", ttl=100, attempts=4)
    channel.wait_for("failed")
    node.wait_for_rounds("activeJobsTTL", 10)
    blocking.open()
    for queue in queues:
        queue.shutdown(5000)
    run = ["start", *ASKED]
    names = [name for name in channel.names(id) if name != "enqueue"]
    assert names == [*run, "failed attempt"] * 3 + [*run, "failed"]
    assert blocking.runs == [id] * 4
    job = node.get(id)
    assert (job["state"], job["error"], job.get("result")) == ("failed", "TTL exceeded", None)
    assert (job["attempts"]["made"], node.log(id)) == (4, ["TTL exceeded"] * 4)
    assert node.counts() == dict.fromkeys(node.counts(), 0) | {"failed": 1}


def test_a_python_run_that_node_asks_for_ends_and_acknowledges_once(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis", blocking: Blocking
) -> None:
    node, queue = unharmed_node(promotion=PROMOTION), make_queue(promotion=NEVER)
    listens(queue).process("email", blocking)
    id = node.create("email", ttl=HOUR)
    wait_until(lambda: active(client, id))
    overdue(client, id)
    node.process("another type")
    channel.wait_for("failed")
    node.wait_for_rounds("activeJobsTTL")
    assert [name for name in channel.names(id) if name != "enqueue"] == ["start", *ASKED, "failed"]
    assert (node.get(id)["attempts"]["made"], blocking.runs) == (1, [id])


def test_other_jobs_in_a_round_of_node_are_not_failed(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis", blocking: Blocking
) -> None:
    """Two Python runs and one of a live Node worker are asked for at once; a fourth, of Python, is not."""
    node, worker = unharmed_node(promotion=PROMOTION), unharmed_node(promotion=NEVER)
    queue = make_queue(promotion=NEVER)
    listens(queue).process("email", 3, blocking)
    worker.process("slow", behaviour="hang")
    asked = [node.create("email", ttl=HOUR, attempts=1) for _ in range(2)] + [node.create("slow", ttl=HOUR)]
    spared = node.create("email", ttl=HOUR)
    wait_until(lambda: all(active(client, id) for id in (*asked, spared)))
    overdue(client, *asked)
    node.process("another type")
    channel.wait_for("failed", 3)
    node.wait_for_rounds("activeJobsTTL")
    for id in asked:
        assert sorted(channel.names(id)) == sorted(["enqueue", "start", *ASKED, "failed"])
        assert node.get(id)["attempts"]["made"] == 1
    assert [name for name in channel.names(spared) if name != "enqueue"] == ["start"]
    blocking.open()
    channel.wait_for("complete")
    assert sorted(blocking.runs) == sorted([*asked[:2], spared])


# --- a Node worker and Python's checker ---


def check_of(queue: kue.Queue) -> TtlCheck:
    return TtlCheck(queue.runtime, 1000, 2000)


def test_a_live_node_worker_acknowledges_and_tries_again(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel
) -> None:
    node, check = unharmed_node(promotion=NEVER), check_of(make_queue())
    node.process("email", 1, "source", source=HANG_ONCE)
    id = node.create("email", ttl=HOUR, attempts=2)
    channel.wait_for("start")
    now = now_ms() + HOUR
    check.run_once(now)
    channel.wait_for("complete")
    check.run_once(now + SECOND)
    assert [name for name in channel.names(id) if name != "enqueue"] == [
        *("start", *ASKED, "failed attempt", "start", "complete")
    ]
    assert len(node.runs()) == node.get(id)["attempts"]["made"] == 2
    assert node.log(id) == ["TTL exceeded"]


def test_the_next_run_is_not_failed_though_its_ttl_is_short(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    """Announced was the first run. The second, in the same Node worker, is past its ttl as well a second later, but
    nobody has asked for it yet: failed behind its worker's back, it would leave that worker waiting for ever."""
    node, check = unharmed_node(promotion=NEVER), check_of(make_queue())
    node.process("email", behaviour="hang")
    id = node.create("email", ttl=100, attempts=3)
    channel.wait_for("start")
    wait_until(lambda: now_ms() > client.zscore("q:jobs:active", zid(id)))
    check.run_once(now_ms())
    channel.wait_for("start", 2)
    check._acknowledged.clear()  # as if the acknowledgement had not been heard
    later = now_ms() + 2 * SECOND
    check.run_once(later)
    assert node.get(id)["attempts"]["made"] == 1
    check.run_once(later)
    channel.wait_for("start", 3)
    assert (node.get(id)["attempts"]["made"], len(node.runs())) == (2, 3)


@pytest.mark.parametrize("options", [{"attempts": 2}, {"attempts": 2, "backoff": {"type": "fixed", "delay": HOUR}}, {}])
def test_a_killed_node_worker_loses_its_job(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis", options: dict[str, Any]
) -> None:
    node, queue = unharmed_node(promotion=NEVER), make_queue()
    check = check_of(queue)
    node.process("email", behaviour="hang")
    id = queue.create("email", ttl=HOUR, **options).save().id
    channel.wait_for("start")
    node.kill()
    now = now_ms()
    check.run_once(now)
    assert channel.names()[-1] == "start"
    check.run_once(now + HOUR)
    check.run_once(now + HOUR + SECOND - 1)
    assert channel.names()[-2:] == ["start", "ttl exceeded"]
    check.run_once(now + HOUR + SECOND)
    end = {0: ["failed"], 1: ["enqueue", "failed attempt"], 2: ["failed attempt"]}[len(options)]
    assert channel.names()[-2 - len(end) :] == ["ttl exceeded", "error", *end]
    state = {0: "failed", 1: "inactive", 2: "delayed"}[len(options)]
    job = kue.Job.get(id or 0, queue=queue)
    assert (job.state(), job.attempts_made, job.error()) == (state, 1, "TTL exceeded")
    assert kue.Job.get_log(id or 0, queue=queue) == ["TTL exceeded"]
    assert not client.exists("activeJobsTTL:lock") and not client.zcard("q:jobs:active")


@pytest.mark.parametrize("attempts", [1, 2])
@pytest.mark.parametrize("checker", ["node", "python"])
@pytest.mark.parametrize("by", ["node", "python"])
def test_a_job_made_active_by_hand_fails_at_its_ttl(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, by: str, checker: str, attempts: int
) -> None:
    node, queue = unharmed_node(promotion=PROMOTION), make_queue(promotion=PROMOTION)
    id = node.create("email", ttl=100, attempts=attempts)
    if by == "node":
        node.state_change(id, "active")
    else:
        kue.Job.get(id, queue=queue).active()
    if checker == "node":
        node.process("another type")
    else:
        queue.process("another type", lambda job: None)
    state = "failed" if attempts == 1 else "inactive"
    wait_until(lambda: node.get(id)["state"] == state and node.get(id)["attempts"]["made"] == 1)
    assert (node.get(id)["error"], node.log(id)) == ("TTL exceeded", ["TTL exceeded"])
    assert [name for name in channel.names(id) if name != "enqueue"][:2] == ["ttl exceeded", "error"]


def test_a_killed_node_workers_job_with_spoilt_data_fails(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(promotion=NEVER), make_queue()
    check = check_of(queue)
    node.process("email", behaviour="hang")
    id = queue.create("email", ttl=HOUR, attempts=2).save().id
    channel.wait_for("start")
    node.kill()
    client.hset(f"q:job:{id}", "data", "no JSON")
    check.run_once(now_ms() + HOUR)
    check.run_once(now_ms() + HOUR + SECOND)
    assert client.hget(f"q:job:{id}", "state") == b"failed"


@pytest.mark.parametrize("left", [{}, {"state": "active", "ttl": HOUR, "workerId": "kue:host:1:email:1"}], ids=str)
def test_an_active_job_without_a_type_is_dropped(
    make_queue: MakeQueue, client: "redis.Redis", left: dict[str, Any]
) -> None:
    queue, trouble = make_queue(), []
    queue.on("error", trouble.append)
    check = check_of(queue)
    client.zadd("q:jobs:active", {zid(7): 100_001})
    client.zadd("q:jobs", {zid(7): 0})
    if left:
        client.hset("q:job:7", mapping=left)
    check.run_once(now_ms())
    check.run_once(now_ms() + SECOND)
    wait_until(lambda: trouble)
    assert [str(problem) for problem in trouble] == ["job 7 was active, but has no type, and was dropped"]
    assert client.keys() == []


def test_only_jobs_of_dead_workers_are_failed_in_a_round_of_python(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis", blocking: Blocking
) -> None:
    """Of one round: a job of a dead Node worker, one of a live Node worker, one of a live Python worker."""
    dead, live, worker = unharmed_node(promotion=NEVER), unharmed_node(promotion=NEVER), make_queue(promotion=NEVER)
    check = check_of(make_queue())
    dead.process("dead", behaviour="hang")
    live.process("live", behaviour="hang")
    listens(worker).process("python", blocking)
    ids = {type: live.create(type, ttl=HOUR) for type in ("dead", "live", "python")}
    wait_until(lambda: all(active(client, id) for id in ids.values()))
    dead.kill()
    overdue(client, *ids.values())
    now = now_ms()
    check.run_once(now)
    channel.wait_for("failed", 2)
    check.run_once(now + SECOND)
    ends = {type: [name for name in channel.names(id) if name not in ("enqueue", "start")] for type, id in ids.items()}
    assert ends["live"] == ends["python"] == [*ASKED, "failed"]
    assert ends["dead"] == ["ttl exceeded", "error", "failed"]
    assert [live.get(id)["attempts"]["made"] for id in ids.values()] == [1, 1, 1]


def test_a_killed_node_workers_job_is_run_by_python(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    """From end to end, with a Python process that works and checks."""
    node, queue = unharmed_node(promotion=NEVER), make_queue(promotion=PROMOTION)
    node.process("email", behaviour="hang")
    id = queue.create("email", {"a": 1}, ttl=HOUR, attempts=2).save().id
    channel.wait_for("start")
    node.kill()
    overdue(client, id)
    queue.process("email", handler("echo"))
    channel.wait_for("complete")
    assert channel.names(id) == [
        *("enqueue", "start", "ttl exceeded", "error", "enqueue", "failed attempt", "start", "complete")
    ]
    assert kue.Job.get(id or 0, queue=queue).attempts_made == 2
