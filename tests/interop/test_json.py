"""Jobs as either side reads them: the same JSON in every state, and the same pages in the same order."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
import redis

import kue
from tests.helpers import wait_until
from tests.interop.node import STATES, NodeKue
from tests.interop.tellers import handler
from tests.interop.traces import Channel

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]
HOUR = 3_600_000
OPTIONS: list[dict[str, Any]] = [
    {},
    {"priority": "high", "attempts": 5, "ttl": HOUR, "removeOnComplete": True},
    {"delay": HOUR, "backoff": {"type": "exponential", "delay": 500}},
    {"attempts": 2, "backoff": True, "priority": 7},
]
DATA: list[Any] = [{"to": "zoë \U0001f600", "n": [1, None, {}]}, [], {}, "alone", 5]


def text(value: Any) -> str:
    """JSON with the order of its keys, and with numbers and strings told apart."""
    return json.dumps(value)


def assert_read_alike(node: NodeKue, queue: kue.Queue, id: int) -> dict[str, Any]:
    by_node, job = node.get(id), kue.Job.get(id, queue=queue)
    assert text(job.to_json()) == text(by_node)
    assert text(kue.Job.get(str(id), queue=queue).to_json()) == text(by_node)
    assert (job.id, type(job.id)) == (id, int)
    return by_node


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_job_is_read_alike_in_every_state(
    unharmed_node: Start, make_queue: MakeQueue, options: dict[str, Any]
) -> None:
    node, queue = unharmed_node(), make_queue()
    for state, data in itertools.product(STATES, DATA):
        id = node.create("email", data, **options)
        assert_read_alike(node, queue, id)
        node.state_change(id, state)
        assert assert_read_alike(node, queue, id)["state"] == state
        node.on_job(id, "progress", 1, 3, {"step": "half"})
        assert assert_read_alike(node, queue, id)["progress"] == "33"


@pytest.mark.parametrize("worker", ["node", "python"])
def test_a_job_is_read_alike_after_a_run(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, worker: str
) -> None:
    node, queue = unharmed_node(), make_queue()
    for behaviour in ("report", "fail", "flaky", "hang", "silent"):
        ids = [node.create(behaviour, data, attempts=2, ttl=HOUR) for data in DATA]
        if worker == "python":
            queue.process(behaviour, len(ids), handler(behaviour))
        elif behaviour == "silent":
            node.process(behaviour, 1, "source", source="(job, done) => done()")
        else:
            node.process(behaviour, len(ids) if behaviour == "hang" else 1, behaviour)
        end = {"fail": "failed", "hang": "start"}.get(behaviour, "complete")
        wait_until(lambda ids=ids, end=end: {*ids} <= {event["id"] for event in channel.events(end)}, 20)
        node.flush()
        for id in ids:
            job = assert_read_alike(node, queue, id)
            assert job["state"] == {"start": "active"}.get(end, end)
            assert job["workerId"].startswith("kue:")
            assert job["attempts"]["made"] == {"fail": 2, "flaky": 2, "hang": 0}.get(behaviour, 1)
    queue.shutdown(0)  # not to wait for those that hang


def test_the_keys_of_a_job_are_in_kues_order(unharmed_node: Start, make_queue: MakeQueue, channel: Channel) -> None:
    node, queue = unharmed_node(), make_queue()
    queue.process("email", handler("flaky"))
    id = node.create("email", {"a": 1}, attempts=2, ttl=HOUR, delay=1)
    channel.wait_for("complete")
    kue.Job.get(id, queue=queue).progress(1, 2, {"step": "half"})
    names = list(assert_read_alike(node, queue, id))
    assert names == [
        *("id", "type", "data", "result", "priority", "progress", "progress_data", "state", "error", "created_at"),
        *("promote_at", "updated_at", "failed_at", "started_at", "duration", "delay", "workerId", "ttl", "attempts"),
    ]


def test_a_job_just_saved_by_python_is_the_json_of_node(unharmed_node: Start, make_queue: MakeQueue) -> None:
    """Node has every time of it as the string of the hash, and so has the object that saved it."""
    node, queue = unharmed_node(), make_queue()
    for data in DATA:
        job = queue.create("email", data, attempts=3, delay=HOUR, ttl=HOUR, priority="low").save()
        assert text(job.to_json()) == text(node.get(job.id or 0))


ODD_NUMBERS: list[dict[str, Any]] = [
    {"attempts": 0},
    {"attempts": "3"},
    {"priority": 2.5},
    {"priority": "-3"},
    {"delay": HOUR + 0.5},
    {"ttl": HOUR + 1.5},
]


def test_a_job_with_odd_numbers_of_node_is_read_alike_and_run(unharmed_node: Start, make_queue: MakeQueue) -> None:
    node, queue = unharmed_node(), make_queue()
    for options in ODD_NUMBERS:
        type = str(options)
        id = node.create(type, **options)
        assert_read_alike(node, queue, id)
        kue.Job.get(id, queue=queue).inactive()
        queue.process(type, handler("fail"))
        wait_until(lambda id=id: id in {event[1] for event in node.events("job failed")}, message=str(options))
        if options.get("attempts") == "3":
            assert assert_read_alike(node, queue, id)["attempts"]["made"] == 3
        else:
            assert assert_read_alike(node, queue, id)["state"] == "failed"


# --- pages ---


@pytest.fixture
def both(unharmed_node: Start, make_queue: MakeQueue) -> tuple[NodeKue, kue.Queue]:
    """Thirty jobs of two types, of several priorities, in several states."""
    node, queue = unharmed_node(), make_queue()
    for n in range(30):
        kind, priority = ("email", "a:b ü")[n % 2], ("low", "normal", "high", 3)[n % 4]
        id = node.create(kind, {"n": n}, priority=priority, **({"delay": HOUR - n} if n % 5 == 0 else {}))
        if n % 5 == 1:
            node.state_change(id, ("failed", "complete", "active")[n % 3])
    return node, queue


PAGES = [(0, -1), (0, 0), (0, 4), (3, 11), (25, 100), (5, 3), (40, 50), (-5, -1), (-3, -2), (0, -20)]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_of_jobs_are_the_same(both: tuple[NodeKue, kue.Queue], order: str) -> None:
    node, queue = both
    for start, stop in PAGES:
        assert_same_page(node.range(start, stop, order), kue.Job.range(start, stop, order, queue=queue))
        for state in STATES:
            assert_same_page(
                node.range_by_state(state, start, stop, order),
                kue.Job.range_by_state(state, start, stop, order, queue=queue),
            )
            for kind in ("email", "a:b ü", "of no jobs"):
                assert_same_page(
                    node.range_by_type(kind, state, start, stop, order),
                    kue.Job.range_by_type(kind, state, start, stop, order, queue=queue),
                )


def assert_same_page(by_node: list[dict[str, Any]], by_python: list[kue.Job]) -> None:
    assert text([job.to_json() for job in by_python]) == text(by_node)


def test_pages_of_jobs_are_in_order_of_ids_beyond_nine(unharmed_node: Start, make_queue: MakeQueue) -> None:
    """Ids of one, two and three digits, in their order as numbers."""
    node, queue = unharmed_node(), make_queue()
    node.create_many("email", [{}] * 120)
    page = kue.Job.range(0, -1, queue=queue)
    assert [job.id for job in page] == list(range(1, 121)) == [job["id"] for job in node.range(0, -1)]


def test_counts_and_ids_are_the_same(both: tuple[NodeKue, kue.Queue]) -> None:
    node, queue = both
    counts = node.counts()
    assert {state: queue.card(state) for state in STATES} == counts
    assert all(counts.values()) and sum(counts.values()) == 30
    for state in STATES:
        assert getattr(queue, state)() == queue.state(state) == node.on_queue(state)
        assert getattr(queue, f"{state}_count")() == node.on_queue(f"{state}Count") == counts[state]
        for kind in ("email", "a:b ü"):
            expected = node.on_queue("cardByType", kind, state)
            assert queue.card_by_type(kind, state) == getattr(queue, f"{state}_count")(kind) == expected
            assert node.on_queue(f"{state}Count", kind) == expected


def test_work_time_and_settings_are_the_same(
    unharmed_node: Start, make_queue: MakeQueue, channel: Channel, client: "redis.Redis"
) -> None:
    node, queue = unharmed_node(), make_queue()
    assert (queue.work_time(), node.on_queue("workTime")) == (0, None)
    client.hset("q:settings", "colour", "ü")
    assert queue.setting("colour") == node.on_queue("setting", "colour") == "ü"
    assert queue.setting("none") is node.on_queue("setting", "none") is None
    queue.process("python", handler("echo"))
    node.process("node", behaviour="sleep", ms=20)
    queue.create("node").save()
    node.create("python")
    channel.wait_for("complete", 2)
    node.flush()
    durations = sum(int(job.duration or 0) for job in kue.Job.range(0, -1, queue=queue))
    assert queue.work_time() == node.on_queue("workTime") == durations >= 19


def test_an_unknown_id_is_not_found(unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis") -> None:
    unharmed_node()
    queue = make_queue()
    for id in (1, "1", 2**53):
        with pytest.raises(kue.JobNotFound):
            kue.Job.get(id, queue=queue)
    assert client.keys() == []


def test_ids_without_a_job_are_left_out_of_a_page_and_dropped(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    """As Node does: an id without a hash leaves the indexes."""
    node, queue = unharmed_node(), make_queue()
    good = node.create("email")
    client.zadd("q:jobs", {"01|7": 0})
    client.zadd("q:jobs:inactive", {"01|7": 0})
    client.zadd("q:jobs:email:inactive", {"01|7": 0})
    assert [job.id for job in kue.Job.range_by_type("email", "inactive", 0, -1, queue=queue)] == [good]
    assert client.zrange("q:jobs", 0, -1) == [b"01|1"]
    assert client.zrange("q:jobs:inactive", 0, -1) == client.zrange("q:jobs:email:inactive", 0, -1) == [b"01|1"]
    assert [job["id"] for job in node.range_by_type("email", "inactive", 0, -1)] == [good]
