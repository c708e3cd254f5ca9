"""Purging beside Node: its jobs go like those of Python, and it knows no `remove_on_fail`."""

from collections.abc import Callable
from typing import Any

import pytest
import redis

import kue
from kue.doctor import examine
from tests.helpers import keyspace, wait_until
from tests.interop.node import NodeKue

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., Any]


def is_left_by_node(queue: Any, state: kue.State) -> bool:
    """Whether all jobs in a state ended so long ago that their worker does not write to them any more."""
    last = queue.runtime.store.now() - {"complete": 1000, "failed": 5000}[state]
    return all(int(job.updated_at or 0) <= last for job in queue.range_by_state(state, 0, -1))


@pytest.mark.parametrize("limit", [{"keep": 0}, {"older_than": 0}], ids=str)
def test_a_purge_of_all_that_have_ended_does_not_disturb_a_node_worker_that_ends_them(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis", limit: dict[str, int]
) -> None:
    """Node counts an attempt after the end of a job, and has a job `failed` on its way to another attempt."""
    queue, node = make_queue(), unharmed_node()
    node.create_many("email", [*range(300)])
    node.create_many("pdf", [*range(60)], attempts=3, backoff={"type": "fixed", "delay": 1}, delay=1)
    node.process("email", 5)
    node.process("pdf", 5, "fail")
    removed = {"complete": 0, "failed": 0}

    def purge() -> bool:
        for state in ("complete", "failed"):
            removed[state] += queue.purge(state, **limit)
        return removed == {"complete": 300, "failed": 60}

    wait_until(purge, timeout=30)
    assert len(node.events("job failed")) == 60
    assert len(node.events("job failed attempt")) == 2 * 60
    assert client.keys("q:job:[0-9]*") == []
    assert examine(queue).is_clean


def test_jobs_that_node_ended_are_purged_by_the_moment_they_ended(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    queue, node = make_queue(), unharmed_node()
    complete = node.create_many("email", [*range(30)])
    failed = node.create_many("pdf", [*range(20)], attempts=2)
    node.process("email", 5)
    node.process("pdf", 5, "fail")
    wait_until(lambda: node.counts()["complete"] == 30 and node.counts()["failed"] == 20)
    wait_until(lambda: all(job.attempts_made == 1 for job in queue.range_by_state("complete", 0, -1)))
    for job in queue.range_by_state("complete", 0, 4):
        earlier = {name: int(getattr(job, name)) - 60_000 for name in ("created_at", "started_at")}
        job.log("a change after the end")
        client.hset(f"q:job:{job.id}", mapping=earlier)  # so it ended a minute before
    assert queue.purge("complete", older_than=50_000) == 5
    assert queue.complete() == complete[5:]
    wait_until(lambda: is_left_by_node(queue, "complete") and is_left_by_node(queue, "failed"))
    assert queue.purge("failed", keep=3) == 17
    assert queue.failed() == failed[-3:]
    assert [queue.purge(state, older_than=0) for state in ("complete", "failed")] == [25, 3]
    assert {*keyspace(client)} <= {"q:ids", "q:job:types", "q:stats:work-time", "q:email:jobs", "q:pdf:jobs"}
    assert examine(queue).is_clean


def test_node_goes_on_with_what_a_purge_has_left(unharmed_node: Start, make_queue: MakeQueue) -> None:
    queue, node = make_queue(), unharmed_node()
    node.process("email", 3)
    for start in range(0, 100, 20):
        node.create_many("email", [*range(start, start + 20)])
        wait_until(lambda: node.counts()["inactive"] + node.counts()["active"] == 0)
        queue.purge("complete", keep=10)
        assert node.counts("email")["complete"] >= 10
    wait_until(lambda: queue.purge("complete", keep=10) == 0 and node.counts("email")["complete"] <= 10)
    assert len(node.range_by_type("email", "complete", 0, -1)) == 10


def test_node_keeps_a_job_that_python_would_have_removed_when_it_failed(
    unharmed_node: Start, make_queue: MakeQueue
) -> None:
    queue, node = make_queue(), unharmed_node()
    job = queue.create("email", remove_on_fail=True).save()
    node.process("email", 1, "fail")
    wait_until(lambda: queue.failed() == [job.id])
    assert queue.get(job.id).remove_on_fail() is True
    wait_until(lambda: queue.purge("failed", older_than=0) == 1)


def test_a_listener_in_node_learns_of_a_job_that_goes_with_its_last_failure(
    unharmed_node: Start, make_queue: MakeQueue
) -> None:
    def fail(job: kue.Job) -> None:
        raise ValueError("boom")

    queue, node = make_queue(), unharmed_node()
    id = queue.create("email", remove_on_fail=True).save().id
    queue.process("email", fail)
    wait_until(lambda: node.events("job remove") != [])
    assert node.events("job failed") == [["job failed", id, "boom", None]]
    assert id not in queue.failed()
