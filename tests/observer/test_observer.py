"""One observer of all counts: it holds the lock, hands it on, comes back after an outage, and is not drowned."""

import logging
from itertools import count

import pytest
import redis

from kue.errors import ConnectionFailed, ConnectionRestored, RedisRefused
from kue.observer import observer as module
from kue.observer.lock import LOCK_MS
from tests.helpers import wait_until
from tests.observer.observers import NodeWorker, completed, make_observer, observing

LOCK = "q:py:observe:lock"


@pytest.fixture
def node(client: "redis.Redis") -> NodeWorker:
    return NodeWorker(client)


def subscribers(client: "redis.Redis") -> list[str]:
    return [one["id"] for one in client.client_list(_type="pubsub")]


def test_what_it_counted_is_added_within_about_a_second(
    redis_url: str, client: "redis.Redis", node: NodeWorker
) -> None:
    with observing(redis_url):
        node.run(1, 2)
        wait_until(lambda: completed(client) == 2)
        assert 0 < client.pttl(LOCK) <= LOCK_MS


def test_at_its_end_it_adds_the_rest_and_frees_the_lock(
    redis_url: str, client: "redis.Redis", node: NodeWorker
) -> None:
    with observing(redis_url) as observer:
        node.run(*range(1, 101))
    assert completed(client) == 100
    assert client.exists(LOCK) == 0
    observer.stop()  # twice
    make_observer(redis_url).stop()  # unstarted


def test_a_second_one_counts_only_when_the_first_has_ended(
    redis_url: str, client: "redis.Redis", node: NodeWorker
) -> None:
    second = make_observer(redis_url)
    with observing(redis_url):
        second.start()
        node.run(1)
        wait_until(lambda: completed(client) == 1)
        assert not second.is_subscribed
    wait_until(lambda: second.is_subscribed)
    node.run(2)
    second.stop()
    assert completed(client) == 2


def test_one_that_lost_its_lock_adds_nothing_until_it_has_it_again(
    redis_url: str, client: "redis.Redis", node: NodeWorker
) -> None:
    """It stood still for so long that another one counts now."""
    with observing(redis_url) as observer:
        client.set(LOCK, "of another process")
        node.run(1)
        wait_until(lambda: not observer.is_subscribed)
        node.run(2)
        client.delete(LOCK)
        wait_until(lambda: observer.is_subscribed)
        node.run(3)
    assert completed(client) == 1


def test_it_subscribes_again_after_its_connection_broke_and_forgets_nothing(
    redis_url: str, client: "redis.Redis", node: NodeWorker
) -> None:
    problems: list[BaseException] = []
    with observing(redis_url, problems) as observer:
        [before] = subscribers(client)
        node.run(1)
        client.client_kill_filter(_id=before)
        wait_until(lambda: observer.is_subscribed and subscribers(client) not in ([before], []))
        node.run(2)
    assert completed(client) == 2
    assert [type(problem) for problem in problems] == [ConnectionFailed, ConnectionRestored]


def test_a_right_that_is_missing_is_reported_once(redis_url: str, client: "redis.Redis") -> None:
    problems: list[BaseException] = []
    client.acl_setuser("limited", enabled=True, passwords=["+x"], keys=["*"], channels=[], commands=["+@all"])
    observer = make_observer(redis_url.replace("redis://", "redis://limited:x@"), problems)
    try:
        observer.start()
        wait_until(lambda: problems)
    finally:
        observer.stop()
        client.acl_deluser("limited")
    [problem] = problems
    assert isinstance(problem, RedisRefused)
    assert "permission" in str(problem)


def test_a_job_whose_key_holds_something_else_counts_by_its_messages(
    redis_url: str, client: "redis.Redis", node: NodeWorker
) -> None:
    problems: list[BaseException] = []
    with observing(redis_url, problems):
        client.set("q:job:7", "no hash")
        for event in ("start", "complete"):
            client.publish("q:events", f'{{"id":7,"event":"{event}","args":["{event}","email",null]}}')
        node.run(8)
    assert (completed(client), problems) == (2, [])


def test_a_right_to_read_jobs_that_is_missing_is_reported_once(
    redis_url: str, client: "redis.Redis", node: NodeWorker
) -> None:
    problems: list[BaseException] = []
    client.acl_setuser(
        "limited", enabled=True, passwords=["+x"], keys=["*"], channels=["*"], commands=["+@all", "-hmget"]
    )
    try:
        with observing(redis_url.replace("redis://", "redis://limited:x@"), problems):
            ids = count(1)
            for _ in range(2):  # it goes on to keep the lock and to try
                client.pexpire(LOCK, LOCK_MS - 2000)
                wait_until(lambda: node.run(next(ids)) or client.pttl(LOCK) > LOCK_MS - 1500)
    finally:
        client.acl_deluser("limited")
    [problem] = problems
    assert "hmget" in str(problem)


def test_events_that_come_too_fast_are_dropped_and_that_is_logged_once(
    redis_url: str,
    client: "redis.Redis",
    node: NodeWorker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "_MAX_WAITING", 30)
    monkeypatch.setattr(module, "_MIN_PAUSE_SECONDS", 0.3)
    ids = count(1)
    with caplog.at_level(logging.WARNING, "kue"), observing(redis_url) as observer:

        def floods() -> bool:
            node.run(*(next(ids) for _ in range(100)))
            return observer.dropped > 0 and len(caplog.records) > 0

        wait_until(floods)
        dropped = observer.dropped
        wait_until(lambda: floods() and observer.dropped > dropped + 1000)
    assert len(caplog.records) == 1
    assert "events: it counts too few of the jobs that Node runs" in caplog.records[0].message
    assert 0 < completed(client) <= 3 * (next(ids) - 1) - observer.dropped
