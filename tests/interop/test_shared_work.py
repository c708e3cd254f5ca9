"""Node and Python workers share the jobs of one type: none is lost, none runs twice, and the counts agree."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

import kue
from tests.helpers import wait_until
from tests.interop.node import STATES, NodeKue
from tests.interop.tellers import PROMOTION
from tests.servers import RedisServer

Start = Callable[..., NodeKue]
MakeQueue = Callable[..., kue.Queue]


class Counting:
    """A handler that counts its runs by job id."""

    def __init__(self) -> None:
        self.runs: Counter[int] = Counter()
        self._lock = threading.Lock()

    def __call__(self, job: kue.Job) -> Any:
        with self._lock:
            self.runs[job.id or 0] += 1
        return job.data


def runs_of(node: NodeKue) -> Counter[int]:
    return Counter(run["id"] for run in node.runs())


def produce(node: NodeKue, queue: kue.Queue, type: str, count: int, *, batch: int = 100, **options: Any) -> list[int]:
    """Half of the jobs by either side, at once, in batches; their ids."""
    half = count // 2

    def by_node() -> Iterator[int]:
        for start in range(0, half, batch):
            yield from node.create_many(type, [{"node": n} for n in range(start, start + batch)], **options)

    def by_python() -> Iterator[int]:
        for start in range(0, half, batch):
            jobs = [queue.create(type, {"python": n}, **options) for n in range(start, start + batch)]
            yield from (job.id or 0 for job in queue.save_all(jobs))

    with ThreadPoolExecutor(2) as producers:
        both = [producers.submit(list, work()) for work in (by_node, by_python)]
        return [id for ids in both for id in ids.result()]


def assert_the_books_agree(client: Any, prefix: str, type: str, ids: list[int]) -> None:
    """All complete, in the sets of all states and of the type, after one attempt each, with their data as result."""
    members = {f"{len(str(id)):02d}|{id}".encode() for id in ids}
    for state in STATES:
        expected = members if state == "complete" else set()
        assert set(client.zrange(f"{prefix}:jobs:{state}", 0, -1)) == expected
        assert set(client.zrange(f"{prefix}:jobs:{type}:{state}", 0, -1)) == expected
    assert set(client.zrange(f"{prefix}:jobs", 0, -1)) == members
    read = client.pipeline(transaction=False)
    for id in ids:
        read.hmget(f"{prefix}:job:{id}", "state", "attempts", "result", "data")
    found = [(state, attempts, result == data) for state, attempts, result, data in read.execute()]
    assert found == [(b"complete", b"1", True)] * len(ids)


def test_two_thousand_jobs_shared_by_both_sides_run_once_each(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    node, queue, counting = unharmed_node(), make_queue(), Counting()
    heard: Counter[int] = Counter()
    queue.on("job complete", lambda id: heard.update([id]))
    queue.process("email", 5, counting)
    node.process("email", 5)
    ids = produce(node, queue, "email", 2000)
    assert sorted(ids) == list(range(1, 2001))
    wait_until(lambda: len(heard) == len(node.events("job complete")) == 2000, 60)

    by_node = runs_of(node)
    assert by_node + counting.runs == Counter(ids)
    assert by_node and counting.runs
    assert heard == Counter(ids)
    assert_the_books_agree(client, "q", "email", ids)
    queue.shutdown(5000)
    assert client.llen("q:email:jobs") == 0


def test_jobs_that_fail_once_run_twice_on_either_side(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    """Each job has two attempts, the first of which fails, wherever it runs."""
    node, queue, runs = unharmed_node(), make_queue(), Counter[int]()
    lock = threading.Lock()

    def fail_once(job: kue.Job) -> Any:
        with lock:
            runs[job.id or 0] += 1
        if not job.attempts_made:
            raise ValueError("the first time")
        return job.data

    queue.process("email", 4, fail_once)
    node.process("email", 4, "flaky")
    ids = produce(node, queue, "email", 600, attempts=2)
    wait_until(lambda: len(node.events("job complete")) == 600, 60)
    assert runs_of(node) + runs == Counter({id: 2 for id in ids})
    read = client.pipeline(transaction=False)
    for id in ids:
        read.hmget(f"q:job:{id}", "state", "attempts")
        read.llen(f"q:job:{id}:log")
    replies = read.execute()
    assert replies[::2] == [[b"complete", b"2"]] * 600
    assert replies[1::2] == [1] * 600


def test_no_job_is_lost_while_workers_come_and_go(
    unharmed_node: Start, make_queue: MakeQueue, client: "redis.Redis"
) -> None:
    """A Python worker that shuts down, and a Node worker that does, leave their jobs to who is left."""
    node, other, producer = unharmed_node(), unharmed_node(), make_queue()
    first, second, counting = make_queue(), make_queue(), Counting()
    first.process("email", 5, counting)
    node.process("email", 2)
    other.process("email", 2)
    with ThreadPoolExecutor(1) as threads:
        produced = threads.submit(produce, node, producer, "email", 1000)
        wait_until(lambda: client.zcard("q:jobs:complete") >= 100)
        first.shutdown(5000)
        second.process("email", 5, counting)
        wait_until(lambda: client.zcard("q:jobs:complete") >= 300)
        other.shutdown(5000, "email")
        ids = produced.result()
    wait_until(lambda: len(node.events("job complete")) == 1000, 60)
    assert runs_of(node) + runs_of(other) + counting.runs == Counter(ids)
    assert_the_books_agree(client, "q", "email", ids)


@pytest.mark.parametrize(
    ("kind", "node_client"), [("redis", "ioredis"), ("cluster", "ioredis"), ("cluster", "cluster")]
)
def test_both_sides_share_the_braced_prefix_of_ioredis(
    unharmed_node: Start,
    make_queue: MakeQueue,
    servers: Callable[[str], RedisServer],
    kind: str,
    node_client: str,
) -> None:
    """Node through ioredis and Python with prefix `{q}`: each saves, works, promotes and hears the other."""
    server = servers(kind)
    node = unharmed_node(server.url, promotion=PROMOTION, **{node_client: True})
    queue = make_queue(redis=server.url, prefix="{q}", promotion=PROMOTION)
    counting, results = Counting(), []
    queue.process("to python", 2, counting)
    node.process("to node", 2, "flaky")
    with server.client() as client:
        to_python = [node.create("to python", {"n": n}, delay=n) for n in range(3)]
        jobs = [
            queue.create("to node", {"n": n}, delay=n, attempts=2).on("complete", results.append).save()
            for n in range(3)
        ]
        wait_until(lambda: len(node.events("job complete")) == len(results) + 3 == 6)
        assert counting.runs == Counter(to_python)
        assert sorted(results, key=lambda data: data["n"]) == [{"n": 0}, {"n": 1}, {"n": 2}]
        assert all(node.job_events(id, "complete") for id in to_python)
        assert [node.get(job.id)["attempts"]["made"] for job in jobs] == [2, 2, 2]
        ids = produce(node, queue, "both", 200)
        queue.process("both", 2, counting)
        node.process("both", 2)
        wait_until(lambda: client.zcard("{q}:jobs:both:complete") == 200)
        both = runs_of(node) + counting.runs
        assert {id: both[id] for id in ids} == dict.fromkeys(ids, 1)
        assert not [name for name in client.scan_iter() if not name.startswith(b"{q}:") and not name.endswith(b":lock")]
