"""The check of ttls, driven by hand at moments of the test's choosing."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from kue import Job
from kue.maintenance.ttl import TtlCheck
from tests.helpers import keyspace, wait_until

NODE_WORKER = "kue:node-host:4711:email:1"


def held_by_node(queue: Any, client: Any, prefix: str = "q", **options: Any) -> Any:
    """An active job of a Node worker that died."""
    job = queue.create("email", **options).save()
    client.lpop(f"{prefix}:email:jobs")
    client.hset(f"{prefix}:job:{job.id}", "workerId", NODE_WORKER)
    return job.active()


class TestTtlCheck:
    """What happens to jobs whose worker does nothing about their ttl."""

    def test_a_job_past_its_ttl_is_announced_first_and_ended_a_second_later(
        self, everywhere: Any, backend: Any
    ) -> None:
        heard: list[Any] = []
        for event in ("ttl exceeded", "failed", "failed attempt"):
            everywhere.on(f"job {event}", lambda *args, event=event: heard.append((event, *args)))
        job = held_by_node(everywhere, backend.client, backend.prefix, ttl=200_000)
        due = int(backend.client.zscore(f"{backend.prefix}:jobs:active", "01|1"))
        duty = TtlCheck(everywhere.runtime, 1000, 2000)
        duty.run_once(due - 1)
        assert backend.client.exists("activeJobsTTL:lock") == 0
        duty.run_once(due)
        duty.run_once(due + 999)
        assert everywhere.active() == [job.id] and backend.client.exists("activeJobsTTL:lock") == 1
        duty.run_once(due + 1000)
        wait_until(lambda: len(heard) == 2)
        assert heard == [("ttl exceeded", job.id), ("failed", job.id, "TTL exceeded")]
        assert Job.get(job.id, queue=everywhere).error() == "TTL exceeded"
        assert everywhere.failed() == [job.id] and backend.client.exists("activeJobsTTL:lock") == 0

    def test_attempts_and_backoff_apply_to_a_job_past_its_ttl(self, queue: Any, client: Any) -> None:
        again = held_by_node(queue, client, ttl=200_000, attempts=2)
        later = held_by_node(queue, client, ttl=200_000, attempts=2, backoff={"type": "fixed", "delay": 500})
        due = int(client.zscore("q:jobs:active", "01|2"))
        duty = TtlCheck(queue.runtime, 1000, 2000)
        duty.run_once(due)
        duty.run_once(due + 1000)
        assert (queue.inactive(), queue.delayed()) == ([again.id], [later.id])
        assert Job.get(later.id, queue=queue).promote_at == due + 1500

    @pytest.mark.parametrize(
        "change",
        [
            lambda job, client: client.publish("q:events", b'{"id":1,"event":"a","args":["ttl exceeded ack",null]}'),
            lambda job, client: job.progress(1, 2),
            lambda job, client: job.ttl(900_000).update(),
            lambda job, client: job.complete(),
            lambda job, client: job.remove(),
            lambda job, client: client.hset("q:job:1", "workerId", "kue:other:1:email:1"),
        ],
        ids=["acknowledged", "progress", "update", "complete", "removed", "another run"],
    )
    def test_a_job_that_changes_meanwhile_is_left_alone(
        self, queue: Any, client: Any, change: Callable[[Any, Any], Any]
    ) -> None:
        marker = threading.Event()
        queue.on("job marker", marker.set)
        job = held_by_node(queue, client, ttl=200_000)
        due = int(client.zincrby("q:jobs:active", -1, "01|1"))  # whatever changes it now gives it another
        duty = TtlCheck(queue.runtime, 1000, 2000)
        duty.run_once(due)
        change(job, client)
        client.publish("q:events", b'{"id":9,"event":"marker","args":["marker"]}')
        assert marker.wait(10)
        before = keyspace(client, "q:*")
        duty.run_once(due + 1000)
        assert keyspace(client, "q:*") == before

    def test_the_ttl_check_respects_the_lock_of_kue(self, queue: Any, client: Any) -> None:
        held_by_node(queue, client, ttl=200_000)
        client.set("activeJobsTTL:lock", "somebody else")
        before = keyspace(client)
        duty = TtlCheck(queue.runtime, 1000, 2000)
        for later in (0, 1000, 5000):
            duty.run_once(int(client.zscore("q:jobs:active", "01|1")) + later)
        assert keyspace(client) == before

    def test_a_job_without_ttl_is_never_looked_at(self, queue: Any, client: Any) -> None:
        held_by_node(queue, client, priority="critical")
        before = keyspace(client)
        TtlCheck(queue.runtime, 1000, 2000).run_once(2**50)
        assert keyspace(client) == before
