"""Recurring jobs of a Python process that only declares them, run by Node: ordinary jobs that Node reads and ends."""

from collections.abc import Callable

import kue
from tests.helpers import wait_until
from tests.interop.node import NodeKue


def test_node_runs_what_a_python_process_declared(
    unharmed_node: Callable[..., NodeKue], make_queue: Callable[..., kue.Queue]
) -> None:
    node, queue = unharmed_node(), make_queue()
    node.process("poll")
    poll = queue.create("poll", {"of": "mail"}, priority="high", attempts=3, ttl=60_000)
    schedule = queue.every("1 second", poll, catch_up="all")
    wait_until(lambda: len(node.events("job complete")) >= 2)
    schedule.remove()
    job = node.get(1)
    assert (job["type"], job["data"], job["priority"], job["ttl"]) == ("poll", {"of": "mail"}, -10, "60000")
    assert job["attempts"]["max"] == 3 and job["state"] == "complete"
    first, second = (queue.get(id) for id in queue.complete()[:2])
    assert (first.schedule_name, second.planned_at - first.planned_at) == ("poll", 1000)


def test_a_delayed_recurring_job_is_promoted_by_node(
    unharmed_node: Callable[..., NodeKue], make_queue: Callable[..., kue.Queue]
) -> None:
    node, queue = unharmed_node(promotion={"interval": 50}), make_queue()
    node.process("poll")
    queue.every("1 hour", queue.create("poll", delay=100)).trigger()
    wait_until(lambda: node.events("job complete"))
    assert node.events("job promotion") == [["job promotion", 1]]
