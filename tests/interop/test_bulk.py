"""Changing many jobs at once beside Node: what Node has, or is about to queue, is left to it."""

import threading
from collections.abc import Callable

import pytest
import redis

import kue
from kue.doctor import examine
from tests.helpers import keyspace, wait_until
from tests.interop.node import NodeKue
from tests.interop.test_promotion import HOLD, NEVER

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]
ROUNDS = 10
JOBS_PER_ROUND = 300


def test_a_job_that_a_node_worker_runs_is_not_removed(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(), make_queue()
    id = node.hold("email")
    assert queue.active() == [id]
    before = keyspace(client)
    assert queue.remove_all("active") == queue.remove_all("active", "email") == 0
    assert keyspace(client) == before


def test_while_node_works_each_job_either_runs_or_is_removed(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    node.process("email", 8)
    removed = 0
    for _ in range(ROUNDS):
        done = queue.complete_count()
        queue.save_all(queue.create("email", {"n": n}) for n in range(JOBS_PER_ROUND))
        wait_until(lambda done=done: queue.complete_count() > done)
        removed += queue.remove_all("inactive", "email")
    wait_until(lambda: queue.active_count() + queue.inactive_count() == 0, 60)
    node.flush()
    assert removed
    assert removed + queue.complete_count() == ROUNDS * JOBS_PER_ROUND
    assert sorted(run["id"] for run in node.runs()) == sorted(queue.complete())
    assert examine(queue, grace=10).findings == ()


def test_delayed_jobs_that_a_node_promoter_may_have_read_are_removed_only_after_its_round(
    unharmed_node: Start, make_queue: MakeQueue
) -> None:
    node, queue = unharmed_node(promotion=NEVER), make_queue()
    node.process("another type")
    id = node.create("email", delay=1)
    assert node.evaluate(HOLD) is True
    counts: list[int] = []
    removing = threading.Thread(target=lambda: counts.append(queue.remove_all("delayed", "email")))
    removing.start()
    removing.join(0.3)
    assert counts == [] and queue.delayed() == [id]
    node.evaluate("() => { queue.unlock(); }")
    removing.join(10)
    assert counts == [1] and queue.delayed() == []


@pytest.mark.parametrize("change", ["retry", "remove"])
def test_a_job_that_node_has_failed_and_queues_again_is_left_to_it(
    unharmed_node: Start, make_queue: MakeQueue, change: str
) -> None:
    node, queue = unharmed_node(), make_queue()
    id = node.create("email", attempts=3)
    node.process("email", 1, "source", source=HELD_BETWEEN_ITS_STEPS)
    wait_until(lambda: queue.failed() == [id])
    assert (queue.retry_all() if change == "retry" else queue.remove_all("failed")) == 0
    node.evaluate("() => { queue.goOn(); }")
    wait_until(lambda: queue.complete() == [id])
    node.flush()
    assert len(node.runs()) == 2
    assert examine(queue, grace=10).findings == ()


# Node fails the first run, and has marked the job as failed, but counts the attempt only once it may go on.
HELD_BETWEEN_ITS_STEPS = """(job, ctx, done) => {
  if (job.toJSON().attempts.made > 0) return done();
  const attempt = job.attempt.bind(job);
  job.attempt = (...args) => { queue.goOn = () => attempt(...args); };
  done(new Error('boom'));
}"""
