"""The observer counts the jobs of real Node Kue as Python counts its own, and none twice."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kue
from kue.observer.observer import Observer
from kue.stats.series import TypeStats
from tests.helpers import wait_until
from tests.interop.node import NodeKue
from tests.observer.observers import observing

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., Any]


@pytest.fixture(autouse=True)
def observer(redis_url: str) -> Iterator[Observer]:
    problems: list[BaseException] = []
    with observing(redis_url, problems) as observer:
        yield observer
    assert (problems, observer.dropped) == ([], 0)


COUNTERS = ("created", "started", "completed", "failed", "retried", "ghosts", "snoozed", "cancelled")


def until(queue: kue.Queue, type: str = "email", **expected: int) -> TypeStats:
    """The numbers of a type, once none of the expected ones is too low. Then none is too high either."""

    def counted() -> tuple[TypeStats, dict[str, int]]:
        stats = queue.stats(type=type).get(type, TypeStats())
        return stats, {name: getattr(stats, name) for name in COUNTERS if getattr(stats, name)}

    with contextlib.suppress(AssertionError):  # the next line shows the numbers
        wait_until(lambda: all(counted()[1].get(name, 0) >= number for name, number in expected.items()), 20)
    stats, found = counted()
    assert found == expected
    return stats


def test_jobs_that_node_saves_and_runs_are_counted(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    node.process("email", 5, "sleep", ms=40)
    node.create_many("email", [*range(50)])
    stats = until(queue, created=50, started=50, completed=50)
    durations = [int(job.duration) for job in queue.range_by_state("complete", 0, -1)]
    waits = [int(job.started_at) - int(job.promote_at) for job in queue.range_by_state("complete", 0, -1)]
    assert (stats.run, stats.max, stats.wait) == (sum(durations), max(durations), sum(waits))
    assert stats.p50 is not None and stats.p50 > 40 * 0.8 and stats.wait_p95


def test_each_attempt_is_a_run(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(promotion={"interval": 50}), make_queue()
    node.process("email", 2, "fail")
    node.create_many("email", [*range(5)], attempts=3)
    node.create_many("email", [*range(5)], attempts=3, backoff={"type": "fixed", "delay": 30})
    until(queue, created=10, started=30, retried=20, failed=10)


def test_a_job_that_is_removed_when_it_completes_is_counted(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    node.process("email", 5)
    node.create_many("email", [*range(100)], removeOnComplete=True)
    until(queue, created=100, started=100, completed=100)


def test_a_delayed_job_of_node_counts_only_when_it_runs(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(promotion={"interval": 50}), make_queue()
    node.create_many("email", [*range(5)], delay=300, attempts=2)
    for number in range(5):
        queue.create("pdf", number).delay(300).attempts(2).save()
    node.process("email", 2, "flaky")
    node.process("pdf", 2)
    until(queue, started=10, retried=5, completed=5)
    queue.runtime.counters.flush()  # a process without workers does it with its next save
    until(queue, "pdf", created=5, started=5, completed=5)


def test_nothing_counts_twice_if_both_sides_save_and_run(unharmed_node: Start, make_queue: MakeQueue) -> None:
    """A job that changes sides stays away for longer than the observer takes to read its hash."""
    node, queue = unharmed_node(promotion={"interval": 50}), make_queue()
    retries: dict[str, Any] = {"attempts": 2, "backoff": {"type": "fixed", "delay": 500}}

    def flaky(job: kue.Job) -> None:
        if job.attempts_made == 0:
            raise ValueError("the first attempt fails")

    queue.process("email", 3, flaky)
    node.process("email", 3, "flaky")
    queue.save_all(queue.create("email", number, **retries) for number in range(100))
    node.create_many("email", [*range(100)], **retries)
    until(queue, created=200, started=400, retried=200, completed=200)
    workers = {(job.worker_id or "").count("-") for job in queue.range_by_state("complete", 0, -1)}
    assert len(workers) == 2, "each side has run some"


def test_jobs_of_one_side_that_the_other_runs_are_counted_once(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    node.process("to node", 2)
    queue.process("to python", 2, lambda job: None)
    queue.save_all(queue.create("to node") for _ in range(30))
    node.create_many("to python", [*range(30)])
    until(queue, "to python", created=30, started=30, completed=30)
    until(queue, "to node", created=30, started=30, completed=30)


def test_a_job_that_node_changes_while_it_waits_is_not_created_again(
    unharmed_node: Start, make_queue: MakeQueue
) -> None:
    node, queue = unharmed_node(), make_queue()
    ids = [node.create("email"), int(queue.create("email").save().id or 0)]
    for id in ids:
        node.update(id, priority="high")  # it says `enqueue` again
    node.create("email")
    queue.runtime.counters.flush()
    until(queue, created=3)


def test_a_run_of_node_that_python_ends_at_its_ttl_counts_once(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    node.process("email", behaviour="hang")
    node.create("email", ttl=500, attempts=1)
    wait_until(node.runs)
    node.kill()
    queue.process("pdf", lambda job: None)  # its process ends jobs at their ttl
    until(queue, created=1, started=1, failed=1)
