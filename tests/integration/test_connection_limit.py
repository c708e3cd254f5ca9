"""A process has no more connections than it may have, and closes those that it does not need."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis

import kue
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.integration.script import run_script
from tests.servers import RedisServer

ROOT = Path(__file__).parents[2]
THREADS = 60


def connections(client: Any) -> int:
    """How many clients the server has besides this one."""
    return int(client.info("clients")["connected_clients"]) - 1


def save_at_once(queue: Any, threads: int) -> int:
    """Save a job in each of so many threads at the same time. Returns how many were saved."""
    together = threading.Barrier(threads)

    def save(number: int) -> int:
        together.wait(10)
        return len([queue.create("email", [number, again]).save() for again in range(5)])

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(save, range(threads)))


@pytest.mark.parametrize(
    ("where", "options", "limit"),
    [
        (lambda url: redis.Redis.from_url(url, max_connections=4), {}, 4),
        (lambda url: redis.Redis.from_url(url, max_connections=4), {"max_connections": 9}, 4),
        (lambda url: redis.Redis.from_url(url, max_connections=9), {"max_connections": 4}, 4),
        (lambda url: f"{url}?max_connections=3", {}, 3),
        (lambda url: {"port": int(url.rpartition(":")[2]), "options": {"max_connections": 2}}, {}, 2),
        (lambda url: url, {"max_connections": 1}, 1),
        (lambda url: url, {}, 50),
    ],
    ids=["client", "client, smaller", "option, smaller", "URL", "dict", "option", "default"],
)
def test_many_threads_share_the_connections_that_there_may_be(
    redis_url: str, client: Any, make_queue: MakeQueue, where: Callable[[str], Any], options: Any, limit: int
) -> None:
    client.ping()
    before = connections(client)
    queue = make_queue(where(redis_url), **options)
    assert save_at_once(queue, THREADS) == THREADS * 5
    assert 0 < connections(client) - before <= limit
    assert queue.inactive_count() == THREADS * 5


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_a_queue_does_everything_with_few_connections(client: Any, make_queue: MakeQueue, limit: int) -> None:
    """Those of the workers and of the subscription count, but never wait."""
    client.ping()
    before = connections(client)
    queue = make_queue(send=True, max_connections=limit)
    ended: list[int] = []
    queue.on("job complete", ended.append)

    def handle(job: Any) -> Any:
        job.log("a line").progress(1, 2)
        return queue.create("pdf", job.data).save().id

    queue.process("email", 10, handle)
    promises = [queue.create("email", n).promise() for n in range(30)]
    results = [promise.result(20) for promise in promises]
    assert len(set(results)) == 30
    wait_until(lambda: len(ended) == 30)
    assert queue.inactive_count("pdf") == 30
    assert connections(client) - before <= max(limit, 4), "three are kept, and one is for calls"


def test_a_call_that_gets_no_connection_in_time_says_why(redis_url: str, make_queue: MakeQueue) -> None:
    queue = make_queue(f"{redis_url}?socket_timeout=0.3", max_connections=1)
    queue.create("email").save()
    pool = queue.runtime.store.connections
    taken = pool._capacity.take_idle()
    with pytest.raises(kue.ConnectionFailed) as failed:
        queue.create("email").save()
    assert str(failed.value).startswith(f"all 1 connections for calls to Redis at {redis_url}/0 are in use, and none")
    assert "became free in 0.3 s" in str(failed.value)
    assert "kue.create_queue(max_connections=...)" in str(failed.value)
    assert not failed.value.sent and not isinstance(failed.value, kue.SaveInDoubt)
    pool._capacity.give_back(taken)
    assert queue.create("email").save().id == 2


def test_calls_that_wait_for_a_connection_end_with_the_queue(make_queue: MakeQueue) -> None:
    queue = make_queue(max_connections=1)
    queue.create("email").save()
    capacity = queue.runtime.store.connections._capacity
    taken = capacity.take_idle()
    with ThreadPoolExecutor(3) as threads:
        calls = [threads.submit(queue.inactive_count) for _ in range(3)]
        wait_until(lambda: len(capacity._waiting) == 3)
        queue.shutdown()
        for call in calls:
            with pytest.raises(kue.ShutdownInProgress):
                call.result(10)
    capacity.give_back(taken)


def test_calls_that_wait_go_on_when_a_server_is_back(own_server: RedisServer, make_queue: MakeQueue) -> None:
    queue = make_queue(own_server.url, max_connections=2)
    assert save_at_once(queue, 10) == 50
    own_server.restart()
    assert save_at_once(queue, 10) == 50
    assert queue.inactive_count() == 100


def test_idle_connections_are_closed_though_no_further_call_comes(
    client: Any, make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.ping()
    before = connections(client)
    queue = make_queue()
    save_at_once(queue, 20)
    assert connections(client) > before
    monkeypatch.setattr("kue.connection.capacity.IDLE_SECONDS", 0.0)
    queue.create("email").save()
    queue.runtime.store.connections._capacity._closer.stop()  # it sleeps for the minute that it read before
    queue.runtime.store.connections._capacity._closer.start()
    wait_until(lambda: connections(client) == before)
    assert queue.inactive_count() == 101


def test_a_client_of_the_queue_has_the_limit_of_the_address(redis_url: str, make_queue: MakeQueue) -> None:
    queue = make_queue(f"{redis_url}?max_connections=3")
    assert queue.client.connection_pool.max_connections == 3
    with ThreadPoolExecutor(20) as threads:
        assert all(threads.map(lambda _: queue.client.ping(), range(100)))


@pytest.mark.slow
def test_a_child_and_its_parent_each_close_their_own_idle_connections(redis_url: str) -> None:
    told = run_script(
        redis_url,
        """
        names = lambda: sorted(thread.name for thread in threading.enumerate())
        queue.create("email").save()
        before = names()

        def work():
            tell(child=names(), id=queue.create("email").save().id)
            tell(child=names())
            queue.shutdown()
            tell(child=names())

        ended(forked(work))
        tell(before=before, after=names(), id=queue.create("email").save().id)
        queue.shutdown()
        tell(end=names())
        """,
    )
    assert told == [
        {"child": ["MainThread"], "id": 2},
        {"child": ["MainThread", "kue-idle"]},
        {"child": ["MainThread"]},
        {"before": ["MainThread", "kue-idle"], "after": ["MainThread", "kue-idle"], "id": 3},
        {"end": ["MainThread"]},
    ]


FORK = """
import os, threading
os.register_at_fork(before=lambda: print([thread.name for thread in threading.enumerate()], flush=True))  # runs last
import kue
queue = kue.create_queue()
for _ in range(3):
    queue.create("email").save()
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.slow
def test_a_process_that_only_saves_has_one_thread_at_the_moment_of_a_fork(redis_url: str) -> None:
    """Python 3.12 warns of a fork in a process that has more."""
    environment = os.environ | {"KUE_REDIS_URL": redis_url, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORK], env=environment, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "['MainThread']\n" * 3, "")
