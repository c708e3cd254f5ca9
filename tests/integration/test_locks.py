"""Kue's two locks, which all prefixes of a Redis share: they are held shortly, and tried again soon."""

from typing import Any

import pytest

from kue.errors import RedisRefused
from kue.maintenance.promotion import Promotion
from kue.maintenance.ttl import TtlCheck
from tests.helpers import wait_until
from tests.integration.commands import commands
from tests.integration.test_timers import promotion
from tests.integration.test_ttl_check import held_by_node


def test_a_promoter_that_finds_the_lock_taken_tries_again_within_a_tenth_of_a_second(queue: Any, client: Any) -> None:
    job = queue.create("email", delay=10).save()
    duty = promotion(queue)
    client.set("promotion:lock", "somebody else")
    waits = set()
    for _ in range(20):
        duty.run_once(job.promote_at)
        waits.add(duty.interval)
    assert len(waits) == 20 and 0.01 < min(waits) < max(waits) < 0.1 / 1.1  # the ticker adds a tenth
    client.delete("promotion:lock")
    duty.run_once(job.promote_at)
    assert queue.inactive() == [job.id] and duty.interval == 1.0


def test_an_interval_that_is_shorter_than_the_wait_for_the_lock_stays(queue: Any, client: Any) -> None:
    job = queue.create("email", delay=10).save()
    duty = Promotion(queue.runtime.store, queue.runtime.error_reporter, 5, 1000, 2000)
    client.set("promotion:lock", "somebody else")
    duty.run_once(job.promote_at)
    assert duty.interval == 0.005


def test_promotion_is_one_round_trip_after_the_count_and_frees_the_lock(queue: Any, client: Any) -> None:
    job = queue.create("email", delay=10).save()
    promotion(queue).run_once(job.promote_at - 1)
    with commands(client) as sent:
        promotion(queue).run_once(job.promote_at)
    assert sent == ["ZCOUNT", "SET", "EVALSHA", "EVALSHA"]
    assert client.exists("promotion:lock") == 0


def test_a_promotion_that_redis_refuses_frees_the_lock(queue: Any, client: Any) -> None:
    job = queue.create("email", delay=10).save()
    really = queue.runtime.store.transitions.promote
    queue.runtime.store.transitions.promote = lambda *args: (*really(*args)[:-1], "no number")
    with pytest.raises(RedisRefused):
        promotion(queue).run_once(job.promote_at)
    assert client.exists("promotion:lock") == 0


def test_a_ttl_check_that_finds_the_lock_taken_tries_again_within_a_tenth_of_a_second(queue: Any, client: Any) -> None:
    held_by_node(queue, client, ttl=200_000)
    due = int(client.zscore("q:jobs:active", "01|1"))
    client.set("activeJobsTTL:lock", "somebody else")
    duty = TtlCheck(queue.runtime, 1000, 2000)
    assert duty.run_once(due) is False and 0.01 < duty.interval < 0.1 / 1.1
    client.delete("activeJobsTTL:lock")
    duty.run_once(due)
    assert client.exists("activeJobsTTL:lock") == 1
    wait_until(lambda: client.pubsub_numsub("q:events")[0][1] == 1, message="it listens for acknowledgements")


def test_a_ttl_check_holds_the_lock_no_longer_than_the_second_of_acknowledgement(queue: Any, client: Any) -> None:
    held_by_node(queue, client, ttl=200_000)
    due = int(client.zscore("q:jobs:active", "01|1"))
    duty = TtlCheck(queue.runtime, 5000, 2000)
    duty.run_once(due)
    assert duty.interval == 1.0
    wait_until(lambda: client.pubsub_numsub("q:events")[0][1] == 1, message="it listens for acknowledgements")
    duty.run_once(due + 930)
    assert duty.interval == 0.07
    duty.run_once(due + 1000)
    assert duty.interval == 5.0 and client.exists("activeJobsTTL:lock") == 0
