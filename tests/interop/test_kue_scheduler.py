"""Real kue-scheduler beside Python's schedules: neither touches the keys of the other; each runs the other's jobs."""

from collections.abc import Callable
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.interop.node import NodeKue

NAME = "dailyReport"
MARKER, DATA = "q:scheduler:daily_report", "q:scheduler:data:daily_report"
EVERY = f"(when, type) => {{ queue.every(when, queue.createJob(type, {{ by: 'node' }}).unique('{NAME}')); }}"
NOTE_REFUSALS = "() => { globalThis.refused = []; queue.on('schedule error', error => refused.push(error.message)); }"


@pytest.fixture
def node(unharmed_node: Callable[..., NodeKue]) -> NodeKue:
    return unharmed_node(library="kue-scheduler")


@pytest.fixture
def queue(make_queue: Callable[..., kue.Queue]) -> kue.Queue:
    return make_queue()


def keys_of_scheduler(client: Any) -> dict[bytes, bytes]:
    """Those that stay: the other one expires at each time."""
    return {key: client.get(key) for key in client.keys("q:scheduler:data:*")}


def test_python_runs_the_jobs_of_kue_scheduler_and_leaves_its_keys_alone(
    node: NodeKue, queue: kue.Queue, client: Any
) -> None:
    ran: list[dict[str, Any]] = []
    queue.process("report", lambda job: ran.append(job.data))
    node.evaluate(EVERY, "1 seconds", "report")
    wait_until(lambda: len(ran) >= 2)
    before = keys_of_scheduler(client)
    assert list(before) == [DATA.encode()] and ran[0]["by"] == "node"
    assert queue.schedules() == {}

    ours = queue.every("1 hour", queue.create("report", {"by": "python"}), name=NAME)
    ours.trigger()
    ours.pause()
    ours.resume()
    wait_until(lambda: {"by": "python"} in ran)
    ours.remove()
    assert keys_of_scheduler(client) == before
    count = len(ran)
    wait_until(lambda: len(ran) > count)  # it goes on


def test_a_schedule_that_was_moved_runs_here_and_no_longer_there(node: NodeKue, queue: kue.Queue, client: Any) -> None:
    node.process("report")
    node.evaluate(EVERY, "1 seconds", "report")
    wait_until(node.runs)
    assert client.delete(MARKER, DATA) >= 1
    schedule = queue.every("1 second", queue.create("report", {"by": "python"}), name=NAME)
    wait_until(lambda: len([run for run in node.runs() if run["data"] == {"by": "python"}]) >= 3)
    by_node = [run for run in node.runs() if run["data"] != {"by": "python"}]
    assert len(by_node) <= 2  # what was on its way
    wait_until(lambda: not client.exists(MARKER, DATA))  # one that was on its way sets its marker once more
    schedule.remove()


def test_kue_scheduler_refuses_cron_expressions_with_the_cron_that_is_installed_today(
    node: NodeKue, queue: kue.Queue, client: Any
) -> None:
    node.evaluate(NOTE_REFUSALS)
    node.evaluate(EVERY, "*/2 * * * * *", "report")
    wait_until(lambda: node.evaluate("() => globalThis.refused"))
    assert not client.exists(MARKER, DATA)
    assert queue.every("*/2 * * * * *", queue.create("report")).when == "*/2 * * * * *"
