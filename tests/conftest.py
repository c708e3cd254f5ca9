"""Fixtures: shared servers, one test on every kind of server, and a check for leaked threads.

Servers are shared by the tests of one process and emptied before each test. A test that stops, pauses or
reconfigures its server starts one of its own: `with RedisServer() as server`.
"""

import functools
import gc
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest
import redis

from tests.helpers import wait_until
from tests.servers import KINDS, OFFERED, MissingPackage, RedisServer

# redis-py looks its own version up on disk for every connection, which is a tenth of all these tests do
redis.utils.get_lib_version = functools.cache(redis.utils.get_lib_version)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The quick tier runs on one real server; what the others and the fake one answer is the whole suite's."""
    for item in items:
        params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if params.get("backend", "redis") != "redis":
            item.add_marker("slow")


def pytest_collection_finish() -> None:
    """What the collection made stays to the end: the garbage collector need not look through all of it again and again,
    which took a fifth of the time of some tests."""
    gc.collect()
    gc.freeze()


@dataclass(frozen=True)
class Backend:
    """A place to run a queue: `kue.Queue(redis=backend.redis, prefix=backend.prefix)`."""

    name: str
    redis: Any  # what a queue is given: a URL, or the client of a fake server
    prefix: str
    client: Any  # a client of the test's own, whose replies are bytes
    real: bool  # a server of its own, reached through sockets


def absent(what: str) -> NoReturn:
    """Skip a test whose system package is absent; in CI nothing may be absent, so fail it."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"absent under CI: {what}", pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[str], RedisServer]]:
    """Gives the shared server of a kind (see KINDS), started when first asked for, and emptied."""
    running: dict[str, tuple[RedisServer, redis.Redis]] = {}

    def get(kind: str) -> RedisServer:
        if kind not in running:
            try:
                server = KINDS[kind]()
            except MissingPackage as missing:
                absent(str(missing))
            running[kind] = server, server.client()
        server, client = running[kind]
        client.flushall()
        return server

    yield get
    for server, client in running.values():
        client.close()
        server.close()


@pytest.fixture
def redis_url(servers: Callable[[str], RedisServer]) -> str:
    """The URL of an empty Redis."""
    return servers("redis").url


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    """A client of the Redis at `redis_url`; replies are bytes."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(params=[*OFFERED, "fake"])
def backend(request: pytest.FixtureRequest, servers: Callable[[str], RedisServer]) -> Iterator[Backend]:
    """Runs a test on each kind of server.

    To narrow it: `@pytest.mark.parametrize("backend", ["redis", "fake"], indirect=True)`.
    """
    kind = request.param
    if kind == "fake":
        import fakeredis

        with fakeredis.FakeRedis(server=fakeredis.FakeServer()) as fake:
            yield Backend(kind, fake, "q", fake, real=False)
        return
    server = servers(kind)
    prefix = "{q}" if kind == "cluster" else "q"
    with server.client() as client:
        yield Backend(kind, server.url, prefix, client, real=True)


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """Fails a test after which a thread of ours lives on. Ask for it first, so that it looks last."""
    before = set(threading.enumerate())

    def leaked() -> list[threading.Thread]:
        new = set(threading.enumerate()) - before
        return [thread for thread in new if not thread.daemon or thread.name.startswith("kue-")]

    yield
    try:
        wait_until(lambda: not leaked(), 5)
    except AssertionError:
        pytest.fail(f"leaked threads: {leaked()}", pytrace=False)
