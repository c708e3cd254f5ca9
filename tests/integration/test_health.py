"""`queue.health()`: the facts for a probe in each phase of a queue's life."""

import json
import threading
from typing import Any

import pytest

import kue
from kue.worker.intake import QUIET, intake
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.servers import RedisServer


def facts(queue: Any, *names: str) -> list[Any]:
    health = queue.health()
    return [health[name] for name in names]


def test_health_of_a_queue_that_only_creates_jobs_is_ready(everywhere: Any) -> None:
    assert everywhere.health() == {
        "live": True,
        "ready": True,
        "shutting_down": False,
        "quiet": False,
        "slots": 0,
        "active": 0,
        "strays": 0,
        "problems": [],
        "versions": {},
        "newer_protocols": [],
    }


def test_health_of_a_queue_that_cannot_reach_redis_is_not_ready() -> None:
    queue = kue.Queue(redis="redis://127.0.0.1:1")
    health = queue.health()
    assert (health["live"], health["ready"]) == (True, False)
    assert "127.0.0.1:1" in health["problem"]
    queue.shutdown()


def test_health_of_a_queue_that_works_counts_its_slots(everywhere: Any) -> None:
    gate = threading.Event()
    everywhere.process("email", 3, lambda job: gate.wait())
    wait_until(lambda: everywhere.health()["ready"])
    assert facts(everywhere, "live", "connected", "running", "slots", "active", "strays") == [True, True, True, 3, 0, 0]
    assert 0 <= everywhere.health()["stalled_seconds"] < 30

    everywhere.save_all([everywhere.create("email") for _ in range(2)])
    wait_until(lambda: facts(everywhere, "slots", "active", "strays") == [3, 2, 0])
    gate.set()
    wait_until(lambda: facts(everywhere, "active") == [0])


def test_health_of_a_queue_that_shuts_down_is_not_ready_and_then_not_live(queue: Any) -> None:
    gate = threading.Event()
    queue.process("email", lambda job: gate.wait())
    queue.create("email").save()
    wait_until(lambda: queue.health()["active"] == 1)
    stopping = threading.Thread(target=queue.shutdown)
    stopping.start()
    wait_until(lambda: queue.is_shut_down)
    assert facts(queue, "live", "ready", "shutting_down", "active") == [True, False, True, 1]
    gate.set()
    stopping.join(10)
    assert facts(queue, "live", "ready", "shutting_down", "active") == [False, False, True, 0]


def test_health_of_a_producer_that_is_shut_down_is_not_live(queue: Any) -> None:
    queue.shutdown()
    assert facts(queue, "live", "ready", "shutting_down") == [False, False, True]


def test_health_is_json(queue: Any) -> None:
    queue.process("email", lambda job: None)
    assert json.loads(json.dumps(queue.health())) == queue.health() | {
        "stalled_seconds": pytest.approx(queue.health()["stalled_seconds"], abs=30)
    }


def test_health_is_not_ready_while_redis_is_away(
    own_server: RedisServer, make_queue: MakeQueue, errors: list[BaseException]
) -> None:
    queue, producer = make_queue(own_server.url), make_queue(own_server.url)
    queue.process("email", lambda job: None)
    wait_until(lambda: queue.health()["ready"])
    own_server.kill()
    wait_until(lambda: not queue.health()["ready"])
    assert facts(queue, "live", "connected", "running") == [True, False, True]
    assert facts(producer, "live", "ready") == [True, False]
    own_server.restart()
    wait_until(lambda: queue.health()["ready"] and producer.health()["ready"])
    wait_until(lambda: len(errors) == 2)
    assert [type(problem) for problem in errors] == [kue.ConnectionFailed, kue.ConnectionRestored]
    errors.clear()


def test_the_other_processes_are_looked_at_once_in_each_lease(make_queue: MakeQueue) -> None:
    """That reads a hash for each process, so that a fleet would pay for it at every renewal."""
    queue = make_queue(lease=300)
    store = queue.runtime.store
    calls = {"versions": 0, "renew_lease": 0}
    for builders, name in ((store.commands, "versions"), (store.transitions, "renew_lease")):
        really = getattr(builders, name)

        def noted(*args: Any, name: str = name, really: Any = really) -> Any:
            calls[name] += 1
            return really(*args)

        setattr(builders, name, noted)
    queue.process("email", lambda job: None)
    wait_until(lambda: calls["renew_lease"] >= 7)
    assert calls["versions"] <= 3 and queue.health()["versions"] == {kue.__version__: 1}


def test_a_quiet_process_is_live_and_not_ready(queue: Any) -> None:
    queue.process("email", lambda job: None)
    wait_until(lambda: queue.health()["ready"])
    with intake.closed(QUIET):
        assert facts(queue, "live", "ready", "quiet", "shutting_down") == [True, False, True, False]
    assert facts(queue, "live", "ready", "quiet", "shutting_down") == [True, True, False, False]
