"""Redis is away for longer than the lease, and comes back: killed and restarted, frozen, or behind a broken network."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import kue
from kue.errors import SaveInDoubt
from kue_send.job import Job
from tests.crash.conftest import LONGER_THAN_A_LEASE_SECONDS, Watched
from tests.crash.proxy import Proxy
from tests.helpers import wait_until
from tests.servers import RedisServer

MakeQueue = Callable[..., Watched]
TYPES = ("email", "pdf")


def longer_than_a_lease() -> None:
    """Leases run out by Redis's own clock: there is no other way than to let that time pass."""
    until = time.monotonic() + LONGER_THAN_A_LEASE_SECONDS
    wait_until(lambda: time.monotonic() > until)


@contextmanager
def killed(server: RedisServer) -> Iterator[None]:
    server.kill()
    yield
    server.restart()


@contextmanager
def frozen(server: RedisServer) -> Iterator[None]:
    server.pause()
    yield
    server.resume()


class Fleet:
    """Two queues that work on both types; their handlers hold each job until it is let go."""

    def __init__(self, make_queue: MakeQueue, url: str, **options: Any) -> None:
        self.queues = [make_queue(url, **options) for _ in range(2)]
        self.starts: list[int] = []
        self.ends: list[int] = []
        self._gates: dict[int, threading.Event] = {}
        for queue, name in zip(self.queues, TYPES, strict=True):
            queue.process(name, 20, self.hold)

    def hold(self, job: Job) -> dict[str, Any]:
        assert job.id is not None
        self.starts.append(job.id)
        self.gate(job.id).wait()
        job.log("ending %d", job.id)
        self.ends.append(job.id)
        return {"run": len([id for id in self.starts if id == job.id])}

    def save(self, count: int) -> list[int]:
        """So many jobs of each type, of which the handlers hold as many as there are slots."""
        queue = self.queues[0]
        jobs = queue.save_all(queue.create(name, attempts=2) for _ in range(count) for name in TYPES)
        return [job.id or 0 for job in jobs]

    def gate(self, id: int) -> threading.Event:
        """What holds a job."""
        return self._gates.setdefault(id, threading.Event())

    def let_go(self, ids: list[int]) -> None:
        """Let these handlers end, one after another."""
        for id in ids:
            done = len(self.ends)
            self.gate(id).set()
            wait_until(lambda done=done: len(self.ends) > done)


@pytest.mark.parametrize("outage", [killed, frozen])
def test_no_job_runs_twice_because_of_an_outage(
    server: RedisServer, make_queue: MakeQueue, outage: Callable[..., Any]
) -> None:
    fleet = Fleet(make_queue, server.url)
    queue = fleet.queues[0]
    ids = fleet.save(10)
    wait_until(lambda: len(fleet.starts) == 20)
    longer_than_a_lease()  # so that every search for the jobs of dead workers is allowed

    with outage(server):
        fleet.let_go(ids[:10])
        longer_than_a_lease()
    fleet.let_go(ids[10:])
    wait_until(lambda: queue.complete_count() == 20, 30)

    assert sorted(fleet.starts) == ids
    jobs = [queue.job_class.get(id, queue=queue) for id in ids]
    assert [(job.result, job.attempts_made) for job in jobs] == [({"run": 1}, 1)] * 20
    assert [job.get_field("py_ghosts") for job in jobs] == [None] * 20
    assert [queue.job_class.get_log(id, queue=queue) for id in ids] == [[f"ending {id}"] for id in ids]


def test_a_kill_of_redis_in_the_middle_of_everything_loses_no_job(server: RedisServer, make_queue: MakeQueue) -> None:
    fleet = Fleet(make_queue, server.url)
    queue = fleet.queues[0]
    ids = fleet.save(1000)
    for id in ids:
        fleet.gate(id).set()

    for share in (400, 1000, 1600):
        wait_until(lambda share=share: len(fleet.ends) >= share, 30)
        with killed(server):
            pass
    wait_until(lambda: queue.complete_count() == len(ids), 30)

    assert sorted(fleet.starts) == ids
    for each in fleet.queues:
        wait_until(lambda each=each: not each.runtime.error_reporter.down and each.outages[-1:] == ["back"])
        assert each.outages in (["lost", "back"], ["lost", "back"] * 2, ["lost", "back"] * 3)


def test_an_outage_is_reported_once_and_its_end_once(server: RedisServer, make_queue: MakeQueue) -> None:
    queue = make_queue(server.url)
    queue.on("job complete", lambda id: None)
    queue.process("email", 2, lambda job: "done")
    job = queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)

    with killed(server):
        longer_than_a_lease()
    wait_until(lambda: queue.outages[-1:] == ["back"])
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 2, message=f"a job after job {job.id}")

    assert queue.outages == ["lost", "back"]
    assert str(server.port) in str(queue.errors[0])


def test_outcomes_are_written_afterwards_in_the_order_they_came(
    server: RedisServer, proxy: Proxy, make_queue: MakeQueue
) -> None:
    fleet = Fleet(make_queue, proxy.url)
    near = make_queue(server.url)
    heard: list[int] = []
    near.on("job complete", heard.append)
    both = fleet.save(10)
    ids = both[::2]  # of one type, so of one process
    wait_until(lambda: len(fleet.starts) == 20)

    proxy.refuse()
    proxy.cut()
    fleet.let_go(ids[5:] + ids[:5])
    longer_than_a_lease()
    proxy.admit()
    wait_until(lambda: len(heard) == 10)

    assert heard == ids[5:] + ids[:5]
    assert sorted(fleet.starts) == both
    fleet.let_go(both[1::2])


def test_a_network_that_swallows_packets_for_a_while_is_sat_out(
    server: RedisServer, proxy: Proxy, make_queue: MakeQueue
) -> None:
    fleet = Fleet(make_queue, f"{proxy.url}?socket_timeout=0.5")
    near = make_queue(server.url)
    ids = fleet.save(10)
    wait_until(lambda: len(fleet.starts) == 20)

    proxy.stall()
    fleet.let_go(ids[:10])
    longer_than_a_lease()
    proxy.resume()
    fleet.let_go(ids[10:])
    wait_until(lambda: near.complete_count() == 20, 30)

    assert sorted(fleet.starts) == ids
    assert [job.attempts_made for job in near.job_class.range_by_state("complete", 0, -1, queue=near)] == [1] * 20


def test_a_pause_ends_what_runs_while_redis_is_away(server: RedisServer, make_queue: MakeQueue) -> None:
    queue = make_queue(server.url)
    contexts: list[kue.Context] = []
    ended = threading.Event()

    @queue.process("email")
    async def work(job: Job, ctx: kue.Context, done: Any) -> None:
        contexts.append(ctx)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    job = queue.create("email").save()
    wait_until(lambda: contexts)
    with killed(server):
        wait_until(lambda: queue.outages == ["lost"])
        contexts[0].pause(50)
        assert ended.wait(10)
    wait_until(lambda: queue.failed() == [job.id])
    assert queue.job_class.get(job.id, queue=queue).error() == "Shutdown"


def test_a_ttl_that_is_over_while_redis_is_away_ends_its_run_once_redis_is_back(
    server: RedisServer, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url, lease=60_000)
    started, ended = threading.Event(), threading.Event()

    @queue.process("email")
    async def work(job: Job) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    job = queue.create("email", ttl=300).save()
    assert started.wait(10)
    with killed(server):
        wait_until(lambda: queue._pool.deadlines._due_runs, message="its time is up")  # type: ignore[union-attr]
        rounds = queue._pool.loop.heartbeat  # type: ignore[union-attr]
        wait_until(lambda: queue._pool.loop.heartbeat > rounds)  # type: ignore[union-attr]
    assert ended.wait(10)
    wait_until(lambda: queue.failed() == [job.id])
    assert queue.job_class.get(job.id, queue=queue).error() == "TTL exceeded"


def test_half_open_connections_are_noticed_and_replaced(
    server: RedisServer, proxy: Proxy, make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kue.events.subscription._PING_AFTER_SECONDS", 0.3)
    monkeypatch.setattr("kue.worker.io.idle._GRACE_SECONDS", 0.3)
    far, near = make_queue(f"{proxy.url}?socket_timeout=0.5"), make_queue(server.url)
    heard: list[int] = []
    far.on("job complete", heard.append)
    far.process("email", 2, lambda job: "done")
    near.create("email").save()
    wait_until(lambda: heard == [1])

    proxy.strand()
    wait_until(lambda: len(far.outages) >= 2 and far.outages[-1] == "back" and not far.runtime.error_reporter.down, 20)
    near.create("email").save()
    wait_until(lambda: near.complete_count() == 2)
    wait_until(lambda: heard == [1, 2])
    assert far.health()["ready"]
    assert far.outages == ["lost", "back"]  # though each of its threads noticed at another moment


def test_only_the_first_of_many_half_open_connections_is_waited_for(proxy: Proxy, make_queue: MakeQueue) -> None:
    queue = make_queue(f"{proxy.url}?socket_timeout=1")
    together = threading.Barrier(10)

    def save() -> None:
        together.wait(10)
        for _ in range(50):
            queue.create("email").save()

    threads = [threading.Thread(target=save) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    proxy.strand()
    with pytest.raises(SaveInDoubt):
        queue.create("email").save()
    queue.create("email").save()


def test_a_shutdown_waits_only_so_long_for_redis(
    server: RedisServer, make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kue.queue.queue._FINAL_IO_SECONDS", 1.0)
    queue = make_queue(server.url, lease=60_000)
    started = threading.Event()
    queue.process("email", lambda job: started.set())
    queue.create("email").save()
    assert started.wait(10)
    with frozen(server):
        began = time.monotonic()
        queue.shutdown(0)
        assert time.monotonic() - began < 9  # each of its waits for Redis would take ten seconds
    with server.client() as client:
        assert client.zcard("q:py:workers") == 1  # left to run out: jobs may still be active under it
