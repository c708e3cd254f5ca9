"""A connection of a queue does nothing twice by itself, whatever the client that gave its settings does."""

from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from kue.connection.address import resolve


def tries(connection: Any) -> int:
    """How often a connection tries what always fails."""
    tried: list[int] = []

    def fail() -> None:
        tried.append(1)
        raise redis.ConnectionError

    with pytest.raises(redis.ConnectionError):
        connection.retry.call_with_retry(fail, lambda *_: None)
    return len(tried)


@pytest.mark.parametrize(
    "given",
    ["redis://box", {"host": "box"}, redis.Redis(host="box"), redis.Redis(host="box", retry=Retry(NoBackoff(), 3))],
    ids=["URL", "dict", "client", "client with three retries"],
)
def test_a_connection_of_a_queue_tries_once(given: Any) -> None:
    assert tries(resolve(given).connection()) == 1


def test_a_client_with_three_retries_tries_four_times() -> None:
    assert tries(redis.Redis(host="box", retry=Retry(NoBackoff(), 3)).connection_pool.make_connection()) == 4
