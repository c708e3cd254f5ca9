"""The benchmarks' slow network delivers every byte in order, on each connection, and ends them as the two sides do.

How long it takes is not judged here.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import redis

from benchmarks.slow_network import SlowNetwork
from tests.helpers import wait_until
from tests.servers import NO_RETRY, RedisServer

pytestmark = pytest.mark.slow
MB = 1 << 20


@pytest.fixture
def server(servers: Callable[[str], RedisServer]) -> RedisServer:
    return servers("redis")


@pytest.fixture
def network(server: RedisServer) -> Iterator[SlowNetwork]:
    with SlowNetwork(server.port, 1.0) as network:
        yield network


@pytest.fixture
def client(network: SlowNetwork) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(network.url, retry=NO_RETRY) as client:
        yield client


def test_what_is_larger_than_any_buffer_arrives_whole(client: "redis.Redis") -> None:
    value = bytes(range(256)) * (20 * MB // 256)
    client.set("value", value)
    assert client.get("value") == value


def test_requests_and_replies_stay_in_order(client: "redis.Redis") -> None:
    pipeline = client.pipeline(transaction=False)
    for _ in range(20_000):
        pipeline.incr("count")
    assert pipeline.execute() == list(range(1, 20_001))


def test_a_client_that_reads_nothing_holds_up_no_other(network: SlowNetwork, client: "redis.Redis") -> None:
    client.set("value", b"x" * 20 * MB)
    with closing(socket.create_connection(("127.0.0.1", network.port))) as silent:
        silent.sendall(b"GET value\r\n" * 3)
        assert client.get("value") == b"x" * 20 * MB
        received = 0
        while received < 3 * 20 * MB:
            received += len(silent.recv(MB))


def test_a_connection_ends_on_one_side_when_it_ends_on_the_other(
    network: SlowNetwork, server: RedisServer, client: "redis.Redis"
) -> None:
    with server.client() as direct:
        client.ping()
        before = len(direct.client_list())
        client.close()
        wait_until(lambda: len(direct.client_list()) == before - 1)

        with closing(socket.create_connection(("127.0.0.1", network.port))) as cut:
            cut.sendall(b"PING\r\n")
            assert cut.recv(100) == b"+PONG\r\n"
            direct.client_kill_filter(_type="normal", skipme=True)
            assert cut.recv(100) == b""
