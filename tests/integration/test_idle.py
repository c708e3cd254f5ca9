"""A worker without jobs: how much it asks of Redis, and how soon it finds a job all the same."""

import time
from typing import Any

import pytest

from tests.helpers import wait_until
from tests.integration.commands import commands
from tests.integration.conftest import MakeQueue

MAX_COMMANDS_PER_SECOND = 5
MAX_SECONDS_WITHOUT_TOKEN = 2.0
TYPES = ["email", "pdf", "sms", "fax"]


def waits(client: Any) -> int:
    """How many times workers have waited for a token in vain or with success."""
    return int(client.info("commandstats").get("cmdstat_blpop", {"calls": 0})["calls"])


@pytest.fixture
def idle(make_queue: MakeQueue) -> Any:
    """A queue that has run one job of each of its types, and has nothing left to do."""
    queue = make_queue()
    queue.process(TYPES, 5, lambda job: None)
    queue.save_all(queue.create(type) for type in TYPES)
    wait_until(lambda: queue.complete_count() == len(TYPES))
    return queue


@pytest.mark.slow
def test_an_idle_worker_sends_few_commands_however_many_types_it_has(idle: Any, client: Any) -> None:
    client.config_resetstat()
    wait_until(lambda: waits(client) >= 1)
    began, waited = time.monotonic(), waits(client)
    with commands(client) as sent:
        wait_until(lambda: waits(client) >= waited + 4, 30)
        seconds = time.monotonic() - began
    own = {"INFO", "CLIENT"}
    assert len([name for name in sent if name not in own]) / seconds < MAX_COMMANDS_PER_SECOND


def test_a_job_without_a_token_is_found_when_the_wait_ends(idle: Any, client: Any) -> None:
    with client.pipeline() as transaction:  # a job whose token never was
        transaction.hset("q:job:99", mapping={"type": "sms", "state": "inactive", "data": "{}", "max_attempts": 1})
        for key in ("q:jobs", "q:jobs:inactive", "q:jobs:sms:inactive"):
            transaction.zadd(key, {"02|99": 0})
        transaction.execute()
    began = time.monotonic()
    wait_until(lambda: idle.complete_count("sms") == 2)
    assert time.monotonic() - began < 2 * MAX_SECONDS_WITHOUT_TOKEN
