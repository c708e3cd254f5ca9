"""Jitter beside Node: a Node worker waits for the whole delay, and takes what Python has delayed with jitter."""

from typing import Any

import kue
from tests.helpers import wait_until
from tests.interop.tellers import PROMOTION

DELAY = 300
BACKOFF: kue.BackoffDict = {"type": "fixed", "delay": DELAY, "jitter": "full"}


def test_a_node_worker_ignores_the_jitter(unharmed_node: Any, make_queue: Any) -> None:
    node, queue = unharmed_node(promotion=PROMOTION), make_queue()
    node.process("email", behaviour="flaky")
    jobs = [queue.create("email", {"n": n}, attempts=2, backoff=BACKOFF).save() for n in range(10)]
    wait_until(lambda: queue.complete_count() == 10)
    found = [kue.Job.get(job.id, queue=queue) for job in jobs]
    assert [job.promote_at - job.failed_at >= DELAY for job in found] == [True] * 10
    assert [job.attempts_made for job in found] == [2] * 10


def test_a_job_that_python_delayed_with_jitter_goes_on_in_node(unharmed_node: Any, make_queue: Any) -> None:
    queue = make_queue(promotion={"interval": 60_000})

    def fails(job: kue.Job) -> None:
        raise ValueError("boom")

    queue.process("email", 4, fails)
    jobs = [queue.create("email", {"n": n}, attempts=2, backoff=BACKOFF).save() for n in range(10)]
    wait_until(lambda: queue.delayed_count() == 10)
    queue.shutdown(1000)
    node = unharmed_node(promotion=PROMOTION)
    node.process("email", 4)
    later = make_queue()
    wait_until(lambda: later.complete_count() == 10)
    assert [node.get(job.id)["delay"] for job in jobs] == [str(DELAY)] * 10
