"""Results and data of more than 4 MB: Node's listeners get null, Python's read the hash, and both sides go on."""

from collections.abc import Callable
from typing import Any

import pytest

import kue_send as kue
from tests.helpers import wait_until
from tests.interop.node import NodeKue

Start = Callable[..., NodeKue]
LARGE = "x" * 4_000_001


@pytest.fixture
def queue(make_queue: Callable[..., kue.Queue]) -> kue.Queue:
    return make_queue(kue.Queue)


def test_node_gets_null_instead_of_large_data_and_the_whole_job(unharmed_node: Start, queue: kue.Queue) -> None:
    node = unharmed_node()

    @queue.process("email")
    def work(job: Any) -> str:
        job.progress(1, 2, LARGE)
        job.send("result", LARGE)
        return LARGE

    queue.create("email").save()
    wait_until(lambda: node.events("job complete"))
    assert node.events("job progress") == [["job progress", 1, 50, None]]
    assert node.events("job result") == [["job result", 1, None]]
    assert node.events("job complete") == [["job complete", 1, None, None]]
    job = node.get(1)
    assert job["result"] == job["progress_data"] == LARGE


def test_a_large_result_of_node_reaches_python(unharmed_node: Start, queue: kue.Queue) -> None:
    unharmed_node().process("email")
    heard: list[Any] = []
    promise = queue.create("email", LARGE).on("complete", heard.append).promise(30_000)
    assert promise.result() == LARGE
    wait_until(lambda: heard)
    assert heard == [LARGE]


def test_an_error_that_python_cut_is_readable_for_node(unharmed_node: Start, queue: kue.Queue) -> None:
    node = unharmed_node()

    @queue.process("email")
    def work(job: Any) -> None:
        raise ValueError("\u2709" * 1_000_000)

    queue.create("email").save()
    [[_, id, message, _]] = wait_until(lambda: node.events("job failed"))
    assert id == 1 and len(message.encode()) <= 4000
    assert len(node.get(1)["error"].encode()) <= 64_000
    [line] = node.log(1)
    assert len(line.encode()) <= 4000
