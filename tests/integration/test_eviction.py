"""A server that may delete keys when its memory is full is warned of by workers, and found by the doctor."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

import kue
from kue.doctor import examine, repair
from kue.store.eviction import harmful_policy
from tests.helpers import wait_until
from tests.servers import RedisServer

SAYS = (
    "the maxmemory-policy of Redis is allkeys-lru: once its memory is full it deletes keys, and with them jobs; "
    "set it to noeviction"
)


@pytest.mark.parametrize(
    ("reply", "policy"),
    [
        (b"# Memory\r\nmaxmemory_human:0B\r\nmaxmemory_policy:allkeys-lru\r\nmem:1\r\n", "allkeys-lru"),
        (b"# Memory\r\nmaxmemory_policy:volatile-ttl\r\n", "volatile-ttl"),
        (b"# Memory\r\nmaxmemory_policy:noeviction\r\n", ""),
        (b"# Memory\r\nanother_maxmemory_policy:allkeys-lru\r\n", ""),
        (b"", ""),
        (RuntimeError("NOPERM"), ""),
        (None, ""),
    ],
    ids=range(7),
)
def test_a_policy_is_harmful_if_the_server_names_it_and_it_deletes(reply: object, policy: str) -> None:
    assert harmful_policy(reply) == policy


@pytest.fixture
def evicting(own_server: RedisServer) -> RedisServer:
    with own_server.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    return own_server


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING and "maxmemory" in one.message]


@pytest.mark.slow
def test_a_worker_warns_once_of_a_server_that_deletes_keys(
    evicting: RedisServer, make_queue: Callable[..., Any], caplog: pytest.LogCaptureFixture, errors: list[Any]
) -> None:
    queue = make_queue(evicting.url)
    queue.process("email", lambda job: None)
    wait_until(lambda: warnings_of(caplog))
    with evicting.client() as client:
        client.client_kill_filter(_type="normal")  # the worker connects anew
    wait_until(lambda: any(isinstance(one, kue.ConnectionRestored) for one in errors))
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    assert warnings_of(caplog) == [SAYS]
    errors.clear()


def test_a_worker_says_nothing_of_a_server_that_keeps_all(queue: Any, caplog: pytest.LogCaptureFixture) -> None:
    queue.process("email", lambda job: None)
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    assert caplog.messages == []


@pytest.mark.slow
def test_a_user_who_may_not_ask_for_the_policy_works_without_a_word(
    own_server: RedisServer, make_queue: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    with own_server.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.acl_setuser(
            "worker", enabled=True, passwords=["+pass"], keys="*", channels="*", commands=["+@all", "-info"]
        )
    queue = make_queue(own_server.url.replace("redis://", "redis://worker:pass@"))
    queue.process("email", lambda job: None)
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    assert caplog.messages == []
    assert examine(queue, grace=0).is_clean


@pytest.mark.slow
def test_the_doctor_finds_it_and_leaves_it_to_the_owner(evicting: RedisServer, make_queue: Callable[..., Any]) -> None:
    queue = make_queue(evicting.url)
    report = examine(queue, grace=0)
    assert [str(finding) for finding in report.findings] == [SAYS]
    assert [(one.done, one.problem) for one in repair(queue, report, grace=0)] == [
        ("", "only its owner can decide what to do with it")
    ]
    with evicting.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
    assert examine(queue, grace=0).is_clean
