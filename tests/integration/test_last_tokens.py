"""Tokens that a worker receives while it ends: each goes back, so that another worker finds the job at once."""

from collections.abc import Iterator
from typing import Any

import pytest

from kue.connection.address import resolve
from kue.connection.pool import ConnectionPool
from kue.store.commands import Commands
from kue.store.keys import Keys
from kue.worker.io.idle import IdleWait
from tests.helpers import wait_until


class Silent:
    """A listener that no token may reach."""

    def token(self, type: str) -> None:
        raise AssertionError(type)

    def look(self, types: set[str]) -> None:
        raise AssertionError(types)


@pytest.fixture
def pool(redis_url: str) -> Iterator[ConnectionPool]:
    pool = ConnectionPool(resolve(redis_url))
    yield pool
    pool.close()


@pytest.fixture
def idle(pool: ConnectionPool) -> Iterator[IdleWait]:
    idle = IdleWait(pool, Commands(Keys("q")), lambda: False)
    idle.listener = Silent()
    idle.open()
    yield idle
    idle.disconnect()
    idle.close()


def blocked(client: Any) -> int:
    return int(client.info("clients")["blocked_clients"])


@pytest.mark.parametrize("unblocked_before", [False, True])
@pytest.mark.parametrize("token", [False, True])
def test_the_token_that_the_last_wait_received_goes_back(
    idle: IdleWait, pool: ConnectionPool, client: Any, token: bool, unblocked_before: bool
) -> None:
    assert idle.renew({"email"}) is None
    wait_until(lambda: blocked(client) == 1)
    if token:
        client.lpush("q:email:jobs", 1)
        wait_until(lambda: client.llen("q:email:jobs") == 0)
    connection = pool.open()
    if unblocked_before:
        connection.exchange([idle.renew({"email", "pdf"})])  # type: ignore[list-item]
    idle.give_back(connection)
    connection.close()
    assert client.llen("q:email:jobs") == int(token)
    assert blocked(client) == 0


@pytest.mark.parametrize("wanted", [True, False])
def test_tokens_that_the_last_round_received_go_back(
    queue: Any, client: Any, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    queue.process("email", lambda job: None)
    wait_until(lambda: blocked(client) == 1)
    idle, fetcher, slots = queue._pool.loop._idle, queue._pool.fetcher, queue._pool.slots["email"]
    give_back = idle.give_back

    def two_more_came(connection: Any) -> None:
        slots.stopping = slots.closed = not wanted
        if wanted:
            slots.free.append(None)
        fetcher.token("email")
        fetcher.token("email")
        assert slots.tokens == (2 if wanted else 0)
        give_back(connection)

    monkeypatch.setattr(idle, "give_back", two_more_came)
    queue.shutdown()
    assert client.llen("q:email:jobs") == 2
