"""Messages of Node, which do not say when their job was created: they stand, unless the number is another job's now."""

import time
from collections.abc import Callable
from typing import Any

import pytest

import kue_send as kue
from tests.helpers import wait_until
from tests.interop.node import NodeKue
from tests.interop.traces import Channel

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]
SOON = 8  # seconds: pending promises are looked up every ten


@pytest.fixture
def queue(make_queue: MakeQueue) -> kue.Queue:
    return make_queue(kue.Queue)


def test_each_promise_of_a_job_that_node_completes_and_removes_has_its_result(
    unharmed_node: Start, queue: kue.Queue
) -> None:
    """Node has removed the hash before Python receives `complete`."""
    unharmed_node().process("email", 5)
    promises = [queue.create("email", {"n": n}, remove_on_complete=True).promise(30_000) for n in range(100)]
    assert [promise.result() for promise in promises] == [{"n": n} for n in range(100)]


def test_listeners_of_jobs_that_node_completes_and_removes_hear_that_in_order(
    unharmed_node: Start, queue: kue.Queue
) -> None:
    unharmed_node().process("email", 5, "report")
    heard: list[list[Any]] = []
    for n in range(50):
        mine: list[Any] = []
        job = queue.create("email", n + 1, remove_on_complete=True)
        for event in ("start", "progress", "complete", "remove"):
            job.on(event, lambda *args, event=event, mine=mine: mine.append((event, *args)))
        job.save()
        heard.append(mine)
    wait_until(lambda: all(mine and mine[-1][0] == "complete" for mine in heard))
    report = ("progress", 50, {"step": "half"})
    assert heard == [[("start", "email"), report, ("complete", n + 1)] for n in range(50)]


def test_a_promise_of_a_job_that_vanished_raises_once_node_ends_its_successor(
    unharmed_node: Start, queue: kue.Queue, client: Any
) -> None:
    promise = queue.create("email", "the first").promise(30_000)
    client.flushall()
    node = unharmed_node()
    time.sleep(0.002)  # another millisecond
    assert node.create("email", "the second") == 1
    node.process("email")
    with pytest.raises(kue.JobRemoved):
        promise.result(SOON)


def test_node_reads_the_events_that_say_when_their_job_was_created(
    unharmed_node: Start, queue: kue.Queue, channel: Channel
) -> None:
    node = unharmed_node()

    @queue.process("email")
    def work(job: Any) -> Any:
        job.progress(1, 2, {"step": "half"})
        job.send("page", [1])
        if job.data == "bad":
            raise ValueError("boom")
        return {"ok": True}

    for data in ("good", "bad"):
        queue.create("email", data).save()
        channel.wait_for("complete" if data == "good" else "failed")
    kue.Job.get(1, queue=queue).remove()
    channel.wait_for("remove", 1)
    created_at = [kue.Job.get(2, queue=queue).created_at]
    wait_until(lambda: node.events("job remove"))
    assert node.events("job progress") == [["job progress", id, 50, {"step": "half"}] for id in (1, 2)]
    assert node.events("job page") == [["job page", id, [1]] for id in (1, 2)]
    assert node.events("job complete") == [["job complete", 1, {"ok": True}, None]]
    assert node.events("job failed") == [["job failed", 2, "boom", None]]
    assert node.events("job remove") == [["job remove", 1, "email"]]
    stamped = [raw for raw in channel.messages() if f'"created_at":{created_at[0]}' in raw and '"id":2' in raw]
    assert len(stamped) == 4, "enqueue, progress, page and failed"
