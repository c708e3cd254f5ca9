"""Real Kue in Node: when it was killed amid its steps, the doctor brings its jobs back; alive, it is found healthy."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis

import kue
from kue.doctor import examine, repair
from kue.doctor.findings import Finding, LongActive, Stuck, Unfinished, Unheld
from tests.conftest import absent
from tests.doctor.test_command import run
from tests.helpers import wait_until
from tests.interop.node import STATES, NodeKue, what_is_missing

pytestmark = pytest.mark.node

PROMOTION = {"interval": 100}
LOOKS = 6
GRACE_MS = 500
MOST_KILLS = 100
# Saves with twenty in flight, each noted in a set of its own once Kue has acknowledged it.
PRODUCER = """(backlog, keepOneIn) => {
  let n = 0;
  const acknowledged = job => queue.client.sadd('acknowledged', job.id, () => next());
  const next = () => queue.client.zcard(queue.client.getKey('jobs:inactive'), (error, waiting) => {
    if (waiting > backlog) return setTimeout(next, 2);
    n++;
    const job = queue.create('email', { n }).priority(n % 2 ? 'high' : 'normal');
    if (n % 7 === 0) job.delay(20);
    if (n % 11 === 0) job.ttl(60000);
    if (n % keepOneIn) job.removeOnComplete(true);
    job.save(error => { if (!error) acknowledged(job); });
  });
  for (let i = 0; i < 20; i++) next();
}"""
WORKER = """(job, done) => {
  job.log('at work');
  job.progress(1, 2);
  setTimeout(() => done(null, { ok: true }), job.data.n % 3);
}"""


@pytest.fixture
def busy_node(redis_url: str) -> Iterator[Callable[..., NodeKue]]:
    """Starts Node processes that produce and work as fast as they can."""
    missing = what_is_missing()
    if missing:
        absent(missing)
    with ExitStack() as stack:

        def start(*, keep_one_in: int = 1) -> NodeKue:
            node = stack.enter_context(NodeKue(redis_url, promotion=PROMOTION))
            node.process("email", 10, "source", source=WORKER)
            node.evaluate(PRODUCER, 100, keep_one_in)
            return node

        yield start


@pytest.fixture
def queue(redis_url: str) -> Iterator[kue.Queue]:
    with kue.Queue(redis=redis_url) as queue:
        yield queue


def wait_for_more(queue: kue.Queue, count: int) -> None:
    """Until so many more were completed."""
    before = queue.complete_count()
    wait_until(lambda: queue.complete_count() >= before + count, 30)


def kill_until_harmed(busy_node: Callable[..., NodeKue], queue: kue.Queue) -> list[Finding]:
    """Kill one Node process after the other until each of the two harms was done; what is found then."""
    for kill in itertools.count():
        assert kill < MOST_KILLS, f"Node came through {kill} kills unharmed"
        node = busy_node()
        wait_for_more(queue, 20 + kill)
        node.kill()
        findings = list(examine(queue, grace=0).findings)
        if {Stuck, Unfinished} <= {type(finding) for finding in findings}:
            return findings
    raise AssertionError


def test_the_doctor_repairs_what_killed_node_processes_leave_and_every_job_finishes(
    busy_node: Callable[..., NodeKue], queue: kue.Queue, redis_url: str, client: "redis.Redis"
) -> None:
    command = ["--redis", redis_url, "--grace", "0"]
    findings = kill_until_harmed(busy_node, queue)
    code, lines = run(*command)
    assert code == 1
    assert sorted(lines[:-1]) == sorted(map(str, findings))

    code, lines = run(*command, "--fix", "--requeue-active-older-than", "0")
    assert code == 0, lines
    assert {str(finding) for finding in findings} <= {line.rpartition(": ")[0] for line in lines}
    assert lines[-1].endswith("all repaired")
    assert queue.active_count() == 0

    with kue.Queue(redis=redis_url, promotion=PROMOTION) as workers:
        ran: list[int] = []
        workers.process("email", 10, lambda job: ran.append(job.id))
        assert client.zcard("q:jobs") > 0
        wait_until(lambda: queue.complete_count() == client.zcard("q:jobs"), 60)
    assert run(*command) == (0, [f"{client.zcard('q:jobs'):,} jobs of 1 type under q: nothing wrong"])
    assert {finding.id for finding in findings if isinstance(finding, Stuck)} <= set(map(str, ran))
    states = client.pipeline()
    acknowledged = client.smembers("acknowledged")
    for id in acknowledged:
        states.hget(f"q:job:{int(id)}", "state")
    assert states.execute() == [b"complete"] * len(acknowledged)


def test_the_doctor_finds_nothing_wrong_with_living_node_processes_at_work(
    busy_node: Callable[..., NodeKue], queue: kue.Queue
) -> None:
    for _ in range(2):
        busy_node(keep_one_in=100)
    for _ in range(LOOKS):
        wait_for_more(queue, 10)
        assert examine(queue, grace=GRACE_MS).findings == ()


def test_the_doctor_leaves_active_jobs_to_a_living_node_worker(queue: kue.Queue, redis_url: str, node: NodeKue) -> None:
    node.process("email", 1, "hang")
    id = node.create("email", {})
    wait_until(lambda: queue.active_count() == 1)
    wait_until(lambda: node.get(id)["state"] == "active")
    assert run("--redis", redis_url, "--fix", "--requeue-active-older-than", "1h")[0] == 0
    assert node.get(id)["state"] == "active"
    report = examine(queue, grace=0, requeue_active_older_than=0)
    assert [type(finding) for finding in report.findings] == [LongActive]


@pytest.mark.parametrize("state", STATES)
def test_the_doctor_finds_nothing_wrong_with_what_node_changes_by_hand(
    queue: kue.Queue, node: NodeKue, state: str
) -> None:
    """But that no worker has a job that was made active by hand, unless its ttl will end it."""
    changes: list[dict[str, Any]] = [
        {"priority": 7},
        {"ttl": 5000},
        {"delay": 9000},
        {"attempts": 3},
        {"data": {"n": 1}},
    ]
    for change in [{}, *changes]:
        id = node.create("email", {}, priority="high")
        node.state_change(id, state)
        node.update(id, **change)
        node.on_job(id, "progress", 1, 2)
        node.on_job(id, "log", "a line")
    node.remove(node.create("email", {}))
    unheld = len(changes) if state == "active" else 0
    assert [type(finding) for finding in examine(queue, grace=0).findings] == [Unheld] * unheld


@pytest.mark.parametrize("backoff", [True, {"type": "fixed"}, {"type": "exponential", "delay": 3333}])
def test_the_doctor_finds_nothing_wrong_with_what_node_leaves_of_failed_jobs(
    queue: kue.Queue, client: "redis.Redis", node: NodeKue, backoff: Any
) -> None:
    for options in [{}, {"delay": 1}, {"priority": "high"}]:
        node.create("email", {}, attempts=2, backoff=backoff, **options)
    node.process("email", 1, "fail")
    wait_until(lambda: not queue.inactive_count() and not queue.active_count())
    node.flush()
    assert_soon_all_failed_or_wait(client, 3)
    assert examine(queue, grace=GRACE_MS).findings == ()


def assert_soon_all_failed_or_wait(client: "redis.Redis", count: int) -> None:
    """Both sets are read in one transaction, since a job may be promoted between two reads."""
    pipeline = client.pipeline()
    wait_until(lambda: sum(pipeline.zcard("q:jobs:delayed").zcard("q:jobs:failed").execute()) == count)


def test_node_takes_a_job_that_the_doctor_put_back(
    queue: kue.Queue, redis_url: str, client: "redis.Redis", node: NodeKue
) -> None:
    job = queue.create("email", {"to": "tj"}).save()
    client.delete("q:jobs:email:inactive", "q:email:jobs")
    node.process("email", 1, "echo")
    report = examine(queue, grace=0)
    assert [type(finding) for finding in report.findings] == [Stuck]
    repair(queue, report, grace=0)
    wait_until(lambda: node.get(job.id)["state"] == "complete")
    assert examine(queue, grace=0).is_clean


def test_a_repaired_job_that_node_saved_with_a_priority_that_is_no_number_runs(queue: kue.Queue, node: NodeKue) -> None:
    save = "() => call(queue.create('email', {}).priority(NaN), 'save')"
    node.evaluate(save)
    wait_until(lambda: kue.Job.get(1, queue=queue).state() == "inactive")
    report = examine(queue, grace=0)
    assert [type(finding) for finding in report.findings] == [Stuck]
    repair(queue, report, grace=0)
    ran: list[int] = []
    queue.process("email", 2, lambda job: ran.append(job.id))
    wait_until(lambda: queue.complete_count() == 1)
    assert ran == [1]
    assert examine(queue, grace=0).is_clean


@pytest.fixture
def node(redis_url: str) -> Iterator[NodeKue]:
    missing = what_is_missing()
    if missing:
        absent(missing)
    with NodeKue(redis_url, promotion=PROMOTION) as node:
        yield node
        node.assert_unharmed()
