"""A server that answers, but refuses: read-only, out of memory, unable to save, its cluster down, loading, its scripts
flushed."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis

from kue.errors import RedisRefused
from kue_send.job import Job
from tests.crash.conftest import LEASE, LONGER_THAN_A_LEASE_SECONDS, Watched
from tests.helpers import wait_until
from tests.servers import ClusterServer, RedisServer

MakeQueue = Callable[..., Watched]
StartServer = Callable[..., RedisServer]


@contextmanager
def read_only(server: RedisServer) -> Iterator[None]:
    """As a replica is, after the other one was made the master."""
    with server.client() as client:
        client.replicaof("127.0.0.1", 1)
        yield
        client.replicaof("NO", "ONE")


@contextmanager
def out_of_memory(server: RedisServer) -> Iterator[None]:
    with server.client() as client:
        client.config_set("maxmemory", 1)
        yield
        client.config_set("maxmemory", 0)


@contextmanager
def unable_to_save(server: RedisServer) -> Iterator[None]:
    """MISCONF: the last dump failed, since a folder stands where it should go."""

    def last_dump() -> str:
        return str(client.info("persistence")["rdb_last_bgsave_status"])

    with server.client(decode_responses=True) as client:
        (server.directory / "dump.rdb").mkdir()
        client.config_set("save", "3600 1")
        client.bgsave()
        wait_until(lambda: last_dump() == "err")
        yield
        (server.directory / "dump.rdb").rmdir()
        client.bgsave()
        wait_until(lambda: last_dump() == "ok")


@contextmanager
def cluster_down(server: RedisServer) -> Iterator[None]:
    """CLUSTERDOWN: nobody serves the last slot, as when the node that did has died."""

    def state() -> str:
        return str(client.cluster("info")["cluster_state"])

    with server.client() as client:
        client.execute_command("CLUSTER DELSLOTS", 16_383)
        wait_until(lambda: state() == "fail")
        yield
        client.execute_command("CLUSTER ADDSLOTS", 16_383)
        wait_until(lambda: state() == "ok", 20)


# Each refusal with a lease that is renewed meanwhile; one of them also with a lease that is not.
REFUSALS_AND_LEASES = [
    (read_only, LEASE),
    (out_of_memory, LEASE),
    (unable_to_save, LEASE),
    (cluster_down, LEASE),
    (read_only, 60_000),
]
PREFIX = "{q}"  # in a cluster all keys must lie in one slot


def kind_for(refusing: Callable[[RedisServer], Iterator[None]]) -> type[RedisServer]:
    return ClusterServer if refusing is cluster_down else RedisServer


def let_pass(seconds: float) -> None:
    """Leases run out by Redis's own clock, and waits between tries are real: let that time pass."""
    until = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > until)


def connections_a_second(server: RedisServer) -> int:
    """How many connections are made to a server in a second from now."""
    with server.client() as client:
        before = client.info("stats")["total_connections_received"]
        let_pass(0.5)
        return 2 * int(client.info("stats")["total_connections_received"] - before)


@pytest.mark.parametrize(("refusing", "lease"), REFUSALS_AND_LEASES)
def test_idle_workers_report_a_refusal_once_and_try_again_now_and_then(
    start_server: StartServer, make_queue: MakeQueue, refusing: Callable[[RedisServer], Iterator[None]], lease: int
) -> None:
    server = start_server(kind=kind_for(refusing))
    queue = make_queue(server.url, lease=lease, prefix=PREFIX)
    queue.on("job complete", lambda id: None)
    queue.process("email", 2, lambda job: "done")
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)

    with refusing(server):
        wait_until(lambda: queue.outages)
        let_pass(LONGER_THAN_A_LEASE_SECONDS)
        assert connections_a_second(server) < 10
        assert queue.outages == ["lost"]
    wait_until(lambda: queue.outages == ["lost", "back"])
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 2)
    assert queue.outages == ["lost", "back"]


@pytest.mark.parametrize(("refusing", "lease"), REFUSALS_AND_LEASES)
def test_workers_sit_out_a_server_that_refuses_writes(
    start_server: StartServer, make_queue: MakeQueue, refusing: Callable[[RedisServer], Iterator[None]], lease: int
) -> None:
    server = start_server(kind=kind_for(refusing))
    queue, other = (make_queue(server.url, lease=lease, prefix=PREFIX) for _ in range(2))
    queue.on("job complete", lambda id: None)
    starts: list[int | None] = []
    go_on = threading.Event()

    def hold(job: Job) -> str:
        starts.append(job.id)
        go_on.wait()
        job.log("going on")
        return "done"

    queue.process("email", 3, hold)
    other.process("email", 1, hold)
    ids = [job.id for job in queue.save_all(queue.create("email") for _ in range(4))]
    wait_until(lambda: len(starts) == 4)
    let_pass(LONGER_THAN_A_LEASE_SECONDS)

    with refusing(server):
        with pytest.raises(RedisRefused):
            queue.create("email").save()
        go_on.set()
        wait_until(lambda: queue.outages and other.outages)
        let_pass(LONGER_THAN_A_LEASE_SECONDS)
        assert connections_a_second(server) < 20
        assert (queue.outages, other.outages) == (["lost"], ["lost"])
    wait_until(lambda: queue.complete_count() == 4)
    wait_until(lambda: queue.outages == other.outages == ["lost", "back"])

    assert sorted(starts) == ids
    last = queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 5)
    assert [queue.job_class.get_log(id, queue=queue) for id in (*ids, last.id)] == [["going on"]] * 5
    assert queue.outages == other.outages == ["lost", "back"]


def test_a_process_that_has_to_leave_a_job_active_keeps_its_lease(
    start_server: StartServer, make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its handler may have done all its work: the job is put back only when the lease has run out."""
    server = start_server()
    queue = make_queue(server.url, lease=60_000)
    began, go_on, given_up = threading.Event(), threading.Event(), []

    def hold(job: Job) -> None:
        began.set()
        go_on.wait(20)

    monkeypatch.setattr(queue.runtime.store, "end_lease", given_up.append)
    queue.process("email", hold)
    job = queue.create("email").save()
    assert began.wait(10)
    with out_of_memory(server), server.client() as client:
        go_on.set()
        wait_until(lambda: queue.outages == ["lost"])
        queue.shutdown(0)
        wait_until(lambda: "kue-pulse" not in [thread.name for thread in threading.enumerate()])
        assert client.zrange("q:jobs:active", 0, -1) == [f"01|{job.id}".encode()]
        assert client.zcard("q:py:workers") == 1
    assert given_up == []


def test_a_server_that_is_loading_is_waited_for(start_server: StartServer, make_queue: MakeQueue) -> None:
    server = start_server(persist=True, key_load_delay="500", loading_process_events_interval_bytes="1024")
    with server.client() as client:
        client.mset({f"ballast:{n}": n for n in range(3000)})
        client.bgrewriteaof()
        wait_until(lambda: client.info("persistence")["aof_rewrite_in_progress"] == 0)
    queue = make_queue(server.url)
    queue.on("job complete", lambda id: None)
    starts: list[int | None] = []
    queue.process("email", 1, lambda job: starts.append(job.id))
    first = queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)

    refusals: list[str] = []
    over = threading.Event()

    def save_again_and_again() -> None:
        producer = make_queue(server.url)
        while not over.wait(0.05):
            try:
                producer.create("email").save()
            except RedisRefused as refused:
                refusals.append(str(refused))
            except redis.exceptions.RedisError:
                raise
            except Exception:  # not listening yet
                continue

    saver = threading.Thread(target=save_again_and_again)
    server.kill()
    saver.start()
    server.restart()
    over.set()
    saver.join()
    ids = [job.id for job in queue.job_class.range(0, -1, queue=queue)]
    wait_until(lambda: queue.complete_count() == len(ids))
    wait_until(lambda: queue.outages[-1:] == ["back"])

    assert refusals and set(refusals) == {"Redis refused: LOADING Redis is loading the dataset in memory"}
    assert queue.outages == ["lost", "back"]
    assert ids[:1] == [first.id] and starts == ids


def test_flushed_scripts_are_loaded_again_under_load(start_server: StartServer, make_queue: MakeQueue) -> None:
    server = start_server()
    producer, worker = make_queue(server.url), make_queue(server.url)
    starts: list[int | None] = []

    def chatter(job: Job) -> str:
        starts.append(job.id)
        job.log("one")
        job.log("two")
        return "done"

    worker.process("email", 10, chatter)
    over = threading.Event()

    def flush() -> None:
        with server.client() as client:
            while not over.is_set():
                client.script_flush()

    flusher = threading.Thread(target=flush)
    flusher.start()
    try:
        ids = [producer.create("email").save().id for _ in range(300)]
        ids += [job.id for job in producer.save_all(producer.create("email") for _ in range(700))]
        wait_until(lambda: producer.complete_count() == 1000, 60)
    finally:
        over.set()
        flusher.join()

    assert sorted(starts) == sorted(ids) == list(range(1, 1001))
    jobs = producer.job_class.range(0, -1, queue=producer)
    assert {job.attempts_made for job in jobs} == {1}
    assert [producer.job_class.get_log(id, queue=producer) for id in ids] == [["one", "two"]] * 1000
    assert worker.errors == []
