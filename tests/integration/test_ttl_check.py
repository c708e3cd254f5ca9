"""The check of ttls, driven by hand at moments of the test's choosing."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from kue import Job
from kue.maintenance.ttl import TtlCheck
from tests.helpers import keyspace, wait_until

NODE_WORKER = "kue:node-host:4711:email:1"
NEWER_WORKER = "kue:host:77-beef0001ff:email:3"  # it speaks a protocol that this release does not know


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

    def test_jobs_that_were_made_active_by_hand_fail_and_hold_up_no_others(self, queue: Any, client: Any) -> None:
        by_hand = queue.save_all([queue.create("email", ttl=200_000) for _ in range(250)])
        for job in by_hand:
            job.active()
        held_by_node(queue, client, ttl=200_000)
        due = int(client.zscore("q:jobs:active", "03|251"))
        duty = TtlCheck(queue.runtime, 1000, 2000)
        for round in range(6):
            duty.run_once(due + 1000 * round)
        assert queue.active() == [] and queue.failed_count() == 251
        assert {job.error() for job in Job.range_by_state("failed", 0, -1, queue=queue)} == {"TTL exceeded"}

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


class TestWhatIsNoOverdueJob:
    """It stands before an overdue job in the active jobs, more of it than a script reads at once."""

    MANY = range(100, 350)

    def check(self, queue: Any, client: Any) -> str:
        """The state of job 1, which is overdue and whose worker is dead, after the check."""
        held_by_node(queue, client, ttl=200_000)
        due = int(client.zscore("q:jobs:active", "01|1"))
        duty = TtlCheck(queue.runtime, 1000, 2000)
        duty.run_once(due)
        duty.run_once(due + 1000)
        return str(client.hget("q:job:1", "state").decode())

    def test_members_without_a_hash_are_dropped_with_one_error_each(
        self, queue: Any, client: Any, errors: list[BaseException]
    ) -> None:
        for key in ("q:jobs", "q:jobs:active", "q:jobs:email:active", "q:jobs:email:failed"):
            client.zadd(key, {f"03|{id}": 100_001 for id in self.MANY})
        assert self.check(queue, client) == "failed"
        assert client.zcard("q:jobs:active") == client.zcard("q:jobs:email:active") == 0
        assert client.zcard("q:jobs") == client.zcard("q:jobs:email:failed") == 1  # job 1 itself
        wait_until(lambda: len(errors) >= len(self.MANY))
        assert [str(error) for error in errors] == [
            f"job {id} was active, but has no type, and was dropped" for id in self.MANY
        ]
        errors.clear()

    def test_members_whose_jobs_are_elsewhere_leave_without_a_word(self, queue: Any, client: Any) -> None:
        client.set("q:ids", 99)
        complete = queue.save_all([queue.create("email") for _ in self.MANY])
        for job in complete:
            job.complete()
        client.set("q:ids", 0)
        for key in ("q:jobs:active", "q:jobs:email:active"):
            client.zadd(key, {f"03|{id}": 100_001 for id in self.MANY})
        assert self.check(queue, client) == "failed"
        assert client.zcard("q:jobs:active") == client.zcard("q:jobs:email:active") == 0
        assert queue.complete() == [job.id for job in complete]

    def test_jobs_of_a_newer_release_are_passed_over(self, queue: Any, client: Any) -> None:
        newer = range(1000, 2100)
        with client.pipeline() as seed:
            for id in newer:
                seed.hset(f"q:job:{id}", mapping={"type": "email", "state": "active", "workerId": NEWER_WORKER})
            seed.execute()
        client.zadd("q:jobs:active", {f"04|{id}": 100_001 for id in newer})
        assert self.check(queue, client) == "failed"
        assert client.zcard("q:jobs:active") == len(newer)
