"""An app that counts the jobs that Node runs, and what every app says of these jobs."""

import os
import threading
from typing import Any

import pytest
import redis

import kue
import kue.web
from kue.observer.observer import Observer
from kue.options.values import STATES
from kue.web.read_model import node_jobs
from kue.web.read_model.facts import Facts
from tests.helpers import wait_until
from tests.observer.observers import NodeWorker, completed
from tests.web.asgi import ask

NODE, PYTHON = "kue:web-1:77:email:3", "kue:web-1:77-beef00011:email:3"


def observer_of(queue: kue.Queue) -> Observer:
    [observer] = queue.runtime.companions
    assert isinstance(observer, Observer)
    return observer


def test_an_app_with_observe_counts_the_jobs_of_node_until_the_queue_ends(running: Any, client: "redis.Redis") -> None:
    with kue.Queue(redis=running.redis.url) as queue:
        for _ in range(2):  # all apps of a queue share the observer
            app = kue.web.app(queue, auth=kue.web.open_access, observe=True)
        wait_until(lambda: observer_of(queue).is_subscribed)
        NodeWorker(client).run(1, 2, 3)
        wait_until(lambda: completed(client) == 3)
        found = ask(app, "GET", "/api/v1/stats?type=email").json
        assert (found["observed"], found["types"]["email"]["completed"]) == (True, 3)
        NodeWorker(client).run(4)
    assert completed(client) == 4
    assert client.exists("q:py:observe:lock") == 0
    assert "kue-observer" not in [thread.name for thread in threading.enumerate()]


def test_a_queue_that_is_shut_down_is_not_observed(running: Any) -> None:
    with kue.Queue(redis=running.redis.url) as queue:
        pass
    kue.web.app(queue, auth=kue.web.open_access, observe=True)
    assert queue.runtime.companions == []


def test_the_parent_of_a_fork_goes_on_and_the_child_does_not_count(running: Any, client: "redis.Redis") -> None:
    with kue.Queue(redis=running.redis.url) as queue:
        kue.web.app(queue, auth=kue.web.open_access, observe=True)
        wait_until(lambda: observer_of(queue).is_subscribed)
        child = os.fork()
        if child == 0:
            os._exit(len(queue.runtime.companions))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        NodeWorker(client).run(1)
    assert completed(client) == 1


def write(client: "redis.Redis", id: int, state: str, worker: str, updated_at: object) -> None:
    client.hset(f"q:job:{id}", mapping={"type": "email", "workerId": worker, "updated_at": str(updated_at)})
    client.zadd(f"q:jobs:{state}", {f"01|{id}": 0})


@pytest.mark.parametrize(
    ("state", "worker", "ago", "seen"),
    [
        ("active", NODE, 2 * node_jobs.LATELY_MS, True),
        ("complete", NODE, 1000, True),
        ("failed", NODE, 1000, True),
        ("failed", NODE, 2 * node_jobs.LATELY_MS, False),
        ("complete", PYTHON, 1000, False),
        ("complete", "", 1000, False),
        ("inactive", NODE, 1000, False),
    ],
)
def test_node_is_seen_by_jobs_that_it_runs_or_ended_lately(
    queue: kue.Queue, client: "redis.Redis", state: str, worker: str, ago: int, seen: bool
) -> None:
    store = queue.runtime.store
    write(client, 7, state, worker, store.now() - ago)
    assert Facts(store).node_seen() is seen
    app = kue.web.app(queue, auth=kue.web.open_access)
    app.site.facts.forget()
    stats = ask(app, "GET", "/api/v1/stats").json
    [_, counts] = ask(app, "GET", "/api/v1/live?topics=counts").json["events"]
    for said in (stats, counts["values"]):
        assert (said["node_seen"], said["observed"]) == (seen, False)


def test_node_stays_seen_for_an_hour_if_its_jobs_are_removed(queue: kue.Queue, client: "redis.Redis") -> None:
    clock = [0.0]
    facts = Facts(queue.runtime.store, lambda: clock[0])
    write(client, 7, "complete", NODE, queue.runtime.store.now())
    assert facts.node_seen()
    client.flushall()
    clock[0] += 60
    assert facts.node_seen()


@pytest.mark.parametrize("state", STATES)
def test_what_is_odd_in_redis_shows_no_node(queue: kue.Queue, client: "redis.Redis", state: str) -> None:
    write(client, 7, state, NODE, "NaN")
    client.zadd(f"q:jobs:{state}", {"junk": 1})
    client.set("q:job:8", "no hash")
    client.zadd(f"q:jobs:{state}", {"01|8": 1})
    assert Facts(queue.runtime.store).node_seen() is (state == "active")
    client.delete(f"q:jobs:{state}")
    client.set(f"q:jobs:{state}", "no set")
    assert Facts(queue.runtime.store).node_seen() is False
