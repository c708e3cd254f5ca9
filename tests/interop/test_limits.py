"""Pauses and limits beside Node: it obeys none, its active jobs count, and it misses no token."""

from collections.abc import Callable
from typing import Any

import kue
from tests.helpers import wait_until
from tests.interop.node import NodeKue

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]


def save(queue: Any, count: int) -> list[int]:
    return [job.id for job in queue.save_all([queue.create("email", n) for n in range(count)])]


def test_active_jobs_of_node_count_for_the_limit(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    ran: list[Any] = []
    queue.limit("email", concurrency=3)
    node.process("email", 3, "hang")
    save(queue, 3)
    wait_until(lambda: queue.active_count("email") == 3)
    queue.process("email", 5, lambda job: ran.append(job.id))
    marker = queue.create("marker").save()
    queue.process("marker", lambda job: None)
    wait_until(lambda: kue.Job.get(marker.id, queue=queue).state() == "complete")
    later = save(queue, 2)
    assert (ran, queue.active_count("email")) == ([], 3)
    queue.limit("email", concurrency=4)
    wait_until(lambda: queue.complete_count("email") == 2)
    assert (sorted(ran), queue.active_count("email")) == (later, 3)


def test_node_works_on_a_paused_type_and_no_worker_sleeps_beside_waiting_jobs(
    unharmed_node: Start, make_queue: MakeQueue, client: Any
) -> None:
    """Python's workers rest, and every token that one of them has received reaches a worker of Node."""
    node, queues = unharmed_node(), [make_queue() for _ in range(3)]
    queues[0].pause("email")
    for queue in queues:
        queue.process("email", 3, lambda job: None)
    ids = save(queues[0], 300)
    wait_until(lambda: client.llen("q:email:jobs") >= 297)
    node.process("email", 2)
    wait_until(lambda: queues[0].complete_count("email") == 300, 60)
    assert sorted(run["id"] for run in node.runs()) == ids
