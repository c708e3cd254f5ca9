"""`queue.client`: a redis-py client for the application, whatever the queue was given, closed with the queue."""

from typing import Any

import pytest
import redis

import kue
from tests.conftest import Backend
from tests.helpers import wait_until


def test_the_client_of_a_queue_reaches_its_server(backend: Backend) -> None:
    with kue.Queue(redis=backend.redis, prefix=backend.prefix) as queue:
        queue.create("email").save()
        assert queue.client.get(f"{backend.prefix}:ids") == b"1"
        assert queue.client is queue.client


@pytest.mark.parametrize("form", ["client", "dict"])
def test_the_client_of_a_queue_reaches_its_server_from_every_form_of_address(
    redis_url: str, client: "redis.Redis", form: str
) -> None:
    settings = client.connection_pool.connection_kwargs
    given: Any = client if form == "client" else {"host": settings["host"], "port": settings["port"]}
    with kue.Queue(redis=given) as queue:
        queue.create("email").save()
        assert queue.client.get("q:ids") == b"1"


def test_shutdown_closes_the_connections_of_the_client(redis_url: str, client: "redis.Redis") -> None:
    before = {connection["id"] for connection in client.client_list()}
    queue = kue.Queue(redis=redis_url)
    queue.create("email").save()
    queue.client.ping()
    assert len(client.client_list()) == len(before) + 2
    queue.shutdown()
    wait_until(lambda: {connection["id"] for connection in client.client_list()} == before)
