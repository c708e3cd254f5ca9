"""A process looks for the jobs of the dead once its own connection has stood for one lease, and not before."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from kue.errors import ConnectionFailed, RedisRefused
from kue.maintenance.recovery import Recovery
from tests.crash.conftest import LEASE, Watched
from tests.servers import RedisServer

MakeQueue = Callable[..., Watched]
DEAD = "kue:host:4711-abcdef01"


class Looker:
    """A recovery with a clock of its own, in leases, and a job of a process whose lease has run out."""

    def __init__(self, queue: Watched, client: "redis.Redis") -> None:
        self.queue = queue
        self.client = client
        self.now = 0.0
        self.recovery = Recovery(queue.runtime, clock=lambda: self.now * LEASE / 1000)
        queue.create("email").save().set("workerId", f"{DEAD}:email:1").active()
        client.zadd("q:py:workers", {DEAD: 1})

    def look_at(self, now: float) -> bool:
        """Look at this time; whether the job was put back."""
        self.now = now
        self.client.delete("q:py:recovery:lock")  # no other process has looked in this interval
        self.recovery.run_once(self.queue.runtime.store.clock())
        return self.queue.inactive_count() == 1


@pytest.fixture
def looker(server: RedisServer, make_queue: MakeQueue) -> Iterator[Looker]:
    with server.client() as client:
        yield Looker(make_queue(server.url), client)


def test_the_first_search_that_counts_is_one_lease_after_the_first(looker: Looker) -> None:
    assert [looker.look_at(now) for now in (0, 0.5, 0.9, 1.0)] == [False, False, False, True]


def test_a_refusal_starts_the_wait_again(looker: Looker) -> None:
    assert [looker.look_at(now) for now in (0, 0.3)] == [False, False]
    looker.client.config_set("maxmemory", 1)
    with pytest.raises(RedisRefused):
        looker.look_at(0.6)
    looker.client.config_set("maxmemory", 0)
    assert [looker.look_at(now) for now in (1.0, 1.4, 1.9, 2.0)] == [False, False, False, True]


def test_a_broken_connection_starts_the_wait_again(looker: Looker, server: RedisServer) -> None:
    assert [looker.look_at(now) for now in (0, 0.3)] == [False, False]
    server.kill()
    looker.now = 0.6
    with pytest.raises(ConnectionFailed):
        looker.recovery.run_once(0)
    server.restart()
    assert [looker.look_at(now) for now in (1.0, 1.4, 1.9, 2.0)] == [False, False, False, True]


def test_a_process_that_stood_still_itself_waits_again(looker: Looker) -> None:
    assert [looker.look_at(now) for now in (0, 0.9, 2.0, 2.9, 3.0)] == [False, False, False, False, True]


def test_a_call_that_hung_for_most_of_a_lease_starts_the_wait_again(
    looker: Looker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis was cut off, and the processes that want to renew their leases wait as well."""
    store = looker.queue.runtime.store
    acquire = store.acquire_lock

    def hang(*args: Any) -> bool:
        looker.now += 0.55
        return acquire(*args)

    assert [looker.look_at(now) for now in (0, 0.5)] == [False, False]
    with monkeypatch.context() as slow:
        slow.setattr(store, "acquire_lock", hang)
        assert looker.look_at(0.9) is False
    assert [looker.look_at(now) for now in (2.0, 2.4, 2.5)] == [False, False, True]


def test_a_process_without_a_lease_is_given_one_first(looker: Looker) -> None:
    looker.client.delete("q:py:workers")
    assert [looker.look_at(now) for now in (0, 0.9, 1.1)] == [False, False, False]
    left = looker.client.zscore("q:py:workers", DEAD)
    assert left is not None
    looker.client.zadd("q:py:workers", {DEAD: 1})
    assert looker.look_at(1.4)
