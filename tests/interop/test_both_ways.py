"""Jobs saved by Python and run by Node, and the other way round: outcomes, retries, order, delays, and events."""

from collections.abc import Callable
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.interop.node import NodeKue
from tests.interop.tellers import PROMOTION, handler
from tests.interop.traces import Channel

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]
Heard = list[list[Any]]

EVENTS = ("enqueue", "promotion", "start", "progress", "error", "failed attempt", "failed", "complete", "remove")
HOUR = 3_600_000


def heard_by(listener: Any, prefix: str = "") -> Heard:
    """Everything that a job or a queue hears from now on."""
    heard: Heard = []
    for event in EVENTS:
        listener.on(prefix + event, lambda *args, name=event: heard.append([name, *args]))
    return heard


def with_id(id: int | None, heard: Heard) -> Heard:
    """The same events as a listener of the queue hears them."""
    return [[event, id, *args] for event, *args in heard]


def in_node(heard: Heard) -> Heard:
    """The queue's events as Node has them: with Kue's padding."""
    padded = {"start": 1, "failed": 1, "complete": 1}
    return [["job " + event, *args, *[None] * padded.get(event, 0)] for event, *args in heard]


# --- what is heard ---


def test_python_receives_what_node_does(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    queue_heard = heard_by(queue, "job ")
    job = queue.create("email", {"to": "a"})
    job_heard = heard_by(job)
    job.save()
    node.process("email", behaviour="report")
    wait_until(lambda: len(queue_heard) == len(job_heard) == 4)
    assert job_heard == [
        ["enqueue", "email"],
        ["start", "email"],
        ["progress", 50, {"step": "half"}],
        ["complete", {"to": "a"}],
    ]
    assert queue_heard == with_id(job.id, job_heard)
    wait_until(lambda: len(node.events()) == 4)
    assert node.events() == in_node(queue_heard)
    assert kue.Job.get_log(job.id or 0, queue=queue) == [f"working on {job.id}"]
    done = kue.Job.get(job.id or 0, queue=queue)
    assert (done.state(), done.progress(), done.progress_data) == ("complete", 100, {"step": "half"})
    assert (done.result, done.attempts_made, done.error()) == ({"to": "a"}, 1, None)


def test_node_receives_what_python_does(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    queue_heard = heard_by(queue, "job ")
    id = node.create("email", {"to": "a"})
    wait_until(node.events)
    queue.process("email", handler("report"))
    wait_until(lambda: len(node.events()) == 4)
    assert node.job_events(id) == [
        ["enqueue", "email"],
        ["start", "email", None],
        ["progress", 50, {"step": "half"}],
        ["complete", {"to": "a"}, None],
    ]
    wait_until(lambda: len(queue_heard) == 4)
    assert node.events() == in_node(queue_heard)
    assert node.log(id) == [f"working on {id}"]
    done = node.get(id)
    assert (done["state"], done["progress"], done["progress_data"]) == ("complete", "100", {"step": "half"})
    assert (done["result"], done["attempts"]["made"]) == ({"to": "a"}, 1)


def test_python_learns_of_a_job_that_node_removes(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    job = queue.create("email").save()
    heard = heard_by(job)
    node.remove(job.id)
    wait_until(lambda: heard)
    assert heard == [["remove", "email"]]


def test_node_learns_of_a_job_that_python_removes(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    id = node.create("email")
    wait_until(node.events)
    kue.Job.remove_by_id(id, queue=queue)
    wait_until(lambda: len(node.job_events(id)) == 2)
    assert node.job_events(id) == [["enqueue", "email"], ["remove", "email"]]


def test_both_hear_an_event_with_its_id_as_text(unharmed_node: Start, make_queue: MakeQueue, channel: Channel) -> None:
    """As Node publishes it for a job that was fetched so, which Kue's HTTP API does."""
    node, queue = unharmed_node(), make_queue()
    queue_heard = heard_by(queue, "job ")
    job = queue.create("email")
    job_heard = heard_by(job)
    job.save()
    node.evaluate("async id => { (await call(kue.Job, 'get', id)).progress(1, 4); }", str(job.id))
    wait_until(lambda: len(queue_heard) == len(job_heard) == 2)
    assert channel.messages()[-1] == f'{{"id":"{job.id}","event":"progress","args":["progress",25,null]}}'
    assert queue_heard[-1] == ["progress", job.id, 25, None]
    assert job_heard[-1] == ["progress", 25, None]


def test_both_share_a_prefix_and_a_database_of_their_own(
    unharmed_node: Start, make_queue: MakeQueue, redis_url: str
) -> None:
    place = {"prefix": "our app:ü"}
    node, queue = unharmed_node(f"{redis_url}/3", **place), make_queue(redis=f"{redis_url}/3", **place)
    results: list[Any] = []
    queue.process("to python", handler("echo"))
    node.process("to node")
    id = node.create("to python", {"a": 1})
    queue.create("to node", {"a": 2}).on("complete", results.append).save()
    wait_until(lambda: results and node.job_events(id, "complete"))
    assert (results, node.get(id)["result"]) == ([{"a": 2}], {"a": 1})


def test_both_hear_of_a_job_removed_on_complete(unharmed_node: Start, make_queue: MakeQueue, client: Any) -> None:
    node, queue = unharmed_node(), make_queue()
    node.process("to node")
    queue.process("to python", handler("echo"))
    job = queue.create("to node", remove_on_complete=True)
    heard = heard_by(job)
    job.save()
    id = node.create("to python", removeOnComplete=True)
    wait_until(lambda: ["complete", {}] in heard)
    wait_until(lambda: {event[1] for event in node.events("job remove")} == {job.id, id})
    assert ["complete", {}, None] in node.job_events(id)
    wait_until(lambda: not client.zcard("q:jobs") and not client.keys("q:job:[0-9]*"))


# --- failure and retries ---


def test_python_learns_that_node_fails_its_job(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    job = queue.create("email", attempts=3, priority="high")
    heard = heard_by(job)
    job.save()
    node.process("email", behaviour="fail", message="no such address: ü")
    wait_until(lambda: heard and heard[-1][0] == "failed")
    failed = kue.Job.get(job.id or 0, queue=queue)
    stack = failed.error() or ""
    assert stack.startswith("Error: no such address: ü\n    at ")
    assert [event for event in heard if event[0] not in ("enqueue", "start")] == [
        ["error", stack],
        ["failed attempt", "no such address: ü", 1],
        ["error", stack],
        ["failed attempt", "no such address: ü", 2],
        ["error", stack],
        ["failed", "no such address: ü"],
    ]
    assert (failed.state(), failed.attempts_made, queue.failed_count("email")) == ("failed", 3, 1)
    assert kue.Job.get_log(failed.id or 0, queue=queue) == ["Error: no such address: ü"] * 3
    assert len(node.runs()) == 3


def test_node_learns_that_python_fails_its_job(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    id = node.create("email", attempts=3, priority="high")
    wait_until(node.events)
    queue.process("email", handler("fail", message="no such address: ü"))
    wait_until(lambda: node.job_events(id, "failed"))
    failed = node.get(id)
    assert failed["error"].startswith("Error: no such address: ü")
    assert node.job_events(id) == [
        ["enqueue", "email"],
        ["start", "email", None],
        ["error", failed["error"]],
        ["enqueue", "email"],
        ["failed attempt", "no such address: ü", 1],
        ["start", "email", None],
        ["error", failed["error"]],
        ["enqueue", "email"],
        ["failed attempt", "no such address: ü", 2],
        ["start", "email", None],
        ["error", failed["error"]],
        ["failed", "no such address: ü", None],
    ]
    assert (failed["state"], failed["attempts"]) == ("failed", {"made": 3, "remaining": 0, "max": 3})
    assert node.log(id) == ["Error: no such address: ü"] * 3


MINUTE = 60_000
BACKOFFS: list[tuple[Any, list[int]]] = [
    ({"type": "fixed", "delay": HOUR}, [HOUR, HOUR, HOUR]),
    ({"type": "exponential", "delay": MINUTE}, [30_000, 90_000, 210_000]),
    ({"type": "exponential", "delay": 60_001, "maxDelay": 2 * MINUTE}, [30_001, 90_000, 90_000]),
    ({"type": "exponential"}, [HOUR // 2, HOUR * 3 // 4, HOUR * 21 // 8]),
    (True, [HOUR, HOUR, HOUR]),
]


@pytest.mark.parametrize(("backoff", "delays"), BACKOFFS, ids=str)
@pytest.mark.parametrize("saved_by", ["python", "node"])
def test_the_backoff_of_a_job_is_the_same_on_either_side(
    unharmed_node: Start,
    make_queue: MakeQueue,
    channel: Channel,
    client: Any,
    saved_by: str,
    backoff: Any,
    delays: list[int],
) -> None:
    """A failed attempt waits as long as the backoff says, where one side saved the job and the other works it."""
    node, queue = unharmed_node(), make_queue()
    options = {"attempts": 4, "backoff": backoff, "delay": HOUR}
    if saved_by == "python":
        id = queue.create("email", **options).save().id
        node.process("email", behaviour="flaky", times=3)
    else:
        id = node.create("email", **options)
        queue.process("email", handler("flaky", times=3))
    waits = []
    for made in range(1, 4):
        kue.Job.get(id, queue=queue).inactive()
        channel.wait_for("failed attempt", made)
        delay, failed_at, promote_at = map(int, client.hmget(f"q:job:{id}", "delay", "failed_at", "promote_at"))
        assert client.zscore("q:jobs:delayed", f"01|{id}") == promote_at == failed_at + delay
        waits.append(delay)
    kue.Job.get(id, queue=queue).inactive()
    channel.wait_for("complete")
    assert waits == delays
    assert [node.get(id)["attempts"]["made"], kue.Job.get(id, queue=queue).attempts_made] == [4, 4]


# --- order and time ---


@pytest.mark.parametrize("saved_by", ["python", "node"])
def test_jobs_of_either_side_run_in_order_of_priority(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, saved_by: str
) -> None:
    node, queue = unharmed_node(), make_queue()
    levels = ["low", "normal", "critical", "normal", "high", "medium", 7, -100] * 2
    if saved_by == "python":
        queue.save_all(queue.create("email", priority=level) for level in levels)
        node.process("email")
    else:
        for level in levels:
            node.create("email", priority=level)
        queue.process("email", handler("echo"))
    channel.wait_for("complete", len(levels))
    scores = {"low": 10, "normal": 0, "medium": -5, "high": -10, "critical": -15}
    order = sorted(range(1, len(levels) + 1), key=lambda id: scores.get(str(levels[id - 1]), levels[id - 1]))
    assert [event["id"] for event in channel.events("start")] == order


@pytest.mark.parametrize("saved_by", ["python", "node"])
def test_delayed_jobs_of_either_side_run_when_they_are_due(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: Any, saved_by: str
) -> None:
    """Who works also promotes, and only when the time has come."""
    node, queue = unharmed_node(promotion=PROMOTION), make_queue(promotion=PROMOTION)
    delays = (1000, HOUR, 50)  # the first is due long after the third, however long the saves take
    if saved_by == "python":
        for delay in delays:
            queue.create("email", delay=delay).save()
        node.process("email")
    else:
        for delay in delays:
            node.create("email", delay=delay)
        queue.process("email", handler("echo"))
    channel.wait_for("complete", 2)
    assert channel.names(1) == channel.names(3) == ["promotion", "enqueue", "start", "complete"]
    assert [event["id"] for event in channel.events("start")] == [3, 1]
    for id in (1, 3):
        started_at, promote_at = map(int, client.hmget(f"q:job:{id}", "started_at", "promote_at"))
        assert started_at >= promote_at
    assert queue.delayed() == node.evaluate("() => call(queue, 'delayed')") == [2]
