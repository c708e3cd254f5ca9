"""Fixtures: our app on an empty Redis, and the HTTP app of real Kue beside it."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
import redis

import kue
import kue.web
from kue.web import factory
from tests.conftest import absent
from tests.interop.node import NodeKue, what_is_missing
from tests.servers import RedisServer
from tests.web.server import Client, WebServer


@pytest.fixture(scope="module", autouse=True)
def no_connections_stay() -> Iterator[None]:
    """Else they would be idle for a minute, and tests of other rooms that look for threads would find theirs."""
    yield
    for shared in list(factory._shared.values()):
        shared.poller.stop()
        shared.store.connections.close()
    factory.close_left()


class Running(NamedTuple):
    """A Redis of its own, a queue on it, and our app for that queue, open to all."""

    redis: RedisServer
    queue: kue.Queue
    web: WebServer


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """Shared by the tests of a file that change no setting, since a server takes longer to start than most of them."""
    with (
        RedisServer() as server,
        kue.Queue(redis=server.url) as queue,
        WebServer(kue.web.app(queue, auth=kue.web.open_access)) as web,
    ):
        yield Running(server, queue, web)


@pytest.fixture
def client(running: Running) -> Iterator["redis.Redis"]:
    """A client of the app's Redis, which is empty; replies are bytes."""
    with running.redis.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def queue(running: Running, client: "redis.Redis") -> kue.Queue:
    return running.queue


@pytest.fixture
def web(running: Running, client: "redis.Redis") -> WebServer:
    return running.web


class Both(NamedTuple):
    """The HTTP app of real Kue and ours, on one Redis."""

    node: Client
    ours: Client
    redis: "redis.Redis"


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    missing = what_is_missing()
    if missing:
        absent(missing)
    with (
        RedisServer() as server,
        server.client() as client,
        NodeKue(server.url, disableSearch=False) as node,
        kue.Queue(redis=server.url) as queue,
        WebServer(kue.web.app(queue, auth=kue.web.open_access)) as ours,
    ):
        listen = "r => { const s = require('kue').app.listen(0, '127.0.0.1', () => r(s.address().port)); }"
        yield Both(Client(node.evaluate(f"() => new Promise({listen})")), ours, client)
