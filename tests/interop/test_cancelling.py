"""Cancelling beside Node: what Node has stays as it is, and what it is about to take is never cancelled and run."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
import redis

import kue
from kue.doctor import examine
from tests.helpers import keyspace, wait_until
from tests.interop.node import NodeKue
from tests.interop.test_promotion import HOLD, NEVER
from tests.interop.traces import Channel

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]
HOUR = 3_600_000
FAST = {"interval": 5}
THREADS = 32


def test_a_job_that_a_node_worker_runs_is_not_touched(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(), make_queue()
    id = node.hold("email")
    assert queue.active() == [id]
    before = keyspace(client)
    with pytest.raises(kue.HeldByNode, match=f"job {id} ") as held:
        queue.cancel_by_id(id)
    assert held.value.id == id
    with pytest.raises(kue.HeldByNode):
        queue.get(id).cancel("why")
    assert queue.cancel_all("email") == 0
    assert keyspace(client) == before


def test_node_sees_a_cancelled_job_as_any_that_failed_and_can_restart_it(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel
) -> None:
    node, queue = unharmed_node(), make_queue()
    id = node.create("email", {"a": 1}, attempts=3)
    assert queue.cancel_by_id(id, "wrong address") == "failed"
    channel.wait_for("failed")
    wait_until(lambda: node.events("job failed"))
    assert node.events("job failed") == [["job failed", id, "Cancelled: wrong address", None]]
    assert node.job_events(id, "failed") == [["failed", "Cancelled: wrong address", None]]
    found = node.get(id)
    assert (found["state"], found["error"]) == ("failed", "Cancelled: wrong address")

    node.process("email")
    node.state_change(id, "inactive")
    channel.wait_for("complete")
    assert [run["id"] for run in node.runs()] == [id]


def test_node_hears_of_a_run_that_was_cancelled_in_python(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel
) -> None:
    node, queue = unharmed_node(), make_queue()
    began = threading.Event()

    @queue.process("email")
    def send(job: kue.Job) -> None:
        began.set()
        wait_until(lambda: job.cancelled, 20)
        job.raise_if_cancelled()

    id = node.create("email", {"a": 1}, attempts=3)
    assert began.wait(10)
    assert queue.cancel_by_id(id, "wrong address") == "active"
    channel.wait_for("failed")
    wait_until(lambda: node.job_events(id, "failed"))
    assert node.job_events(id, "failed") == [["failed", "Cancelled: wrong address", None]]
    assert node.job_events(id, "failed attempt") == []


def test_a_job_that_a_node_promoter_may_have_read_is_cancelled_only_after_its_round(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(promotion=NEVER), make_queue()
    node.process("another type")
    id = node.create("email", delay=1)
    assert node.evaluate(HOLD) is True
    states: list[str] = []
    cancelling = threading.Thread(target=lambda: states.append(queue.cancel_by_id(id)))
    cancelling.start()
    cancelling.join(0.3)
    assert states == [] and queue.delayed() == [id]
    node.evaluate("() => { queue.unlock(); }")
    cancelling.join(10)
    assert states == ["failed"]


def test_while_node_works_each_job_either_runs_or_is_cancelled(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(), make_queue()
    ids = node.create_many("email", [{"n": n} for n in range(1500)])
    node.process("email", 8)
    wait_until(queue.complete_count)
    outcomes = cancel_at_once(queue, ids)
    wait_until(lambda: queue.active_count() + queue.inactive_count() == 0, 60)
    node.flush()
    ran = {run["id"] for run in node.runs()}
    cancelled = {id for id, outcome in outcomes.items() if outcome == "failed"}
    assert ran.isdisjoint(cancelled) and ran | cancelled == set(ids)
    assert Counter(queue.failed()) == Counter(cancelled)
    assert ran and cancelled, "both sides had some"
    wait_until(lambda: client.llen("q:email:jobs") == 0, 60, "Node has taken the tokens of the cancelled jobs away")
    assert examine(queue, grace=10).findings == ()


@pytest.mark.slow
def test_while_node_promotes_each_job_either_runs_or_is_cancelled(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(promotion=FAST), make_queue()
    node.process("email", 8)
    ids: list[int] = []
    cancelled: set[int] = set()
    for _ in range(10):
        batch = node.create_many("email", [{"n": n} for n in range(150)], delay=30)
        outcomes = cancel_at_once(queue, batch)
        cancelled |= {id for id, outcome in outcomes.items() if outcome == "failed"}
        ids += batch
    wait_until(lambda: queue.active_count() + queue.inactive_count() + queue.delayed_count() == 0, 60)
    node.flush()
    ran = {run["id"] for run in node.runs()}
    assert ran.isdisjoint(cancelled) and ran | cancelled == set(ids)
    assert Counter(queue.failed()) == Counter(cancelled)
    assert cancelled


def cancel_at_once(queue: kue.Queue, ids: list[int]) -> dict[int, str]:
    """Cancel jobs from many threads, each from the other end of the list. Returns the last word about each."""
    outcomes: dict[int, str] = {}

    def cancel(mine: list[int]) -> None:
        for id in mine:
            try:
                outcomes[id] = queue.cancel_by_id(id)
            except kue.HeldByNode:
                outcomes[id] = "node"

    threads = [threading.Thread(target=cancel, args=(ids[::-1][n::THREADS],)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
