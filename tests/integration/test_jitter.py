"""Jitter where it acts: a job whose run ends here, or is ended from outside, is due before its delay is over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kue import Job
from kue.jobs.failure import WORKER_LOST
from kue.maintenance.failing import fail_from_outside
from tests.helpers import keyspace, wait_until

DELAY = 10_000_000
DEAD = "kue:box:1-0000"


def fails(job: Any) -> None:
    raise ValueError("boom")


@pytest.mark.parametrize(("jitter", "least"), [(0.1, 0.9), ("full", 0.0)])
@pytest.mark.parametrize("own", [True, False])
def test_a_failed_job_is_due_within_its_delay_and_keeps_it(
    everywhere: Any, jitter: Any, least: float, own: bool
) -> None:
    backoff = {"type": "fixed", "jitter": jitter} | ({"delay": DELAY} if own else {})
    jobs = everywhere.save_all([everywhere.create("email", attempts=3, backoff=backoff) for _ in range(20)])
    if not own:
        for job in jobs:
            job.delay(DELAY).update().inactive()
    everywhere.process("email", 4, fails)
    wait_until(lambda: everywhere.delayed_count() == 20)
    found = [Job.get(job.id, queue=everywhere) for job in jobs]
    assert {job.delay() for job in found} == {DELAY}
    waits = [job.promote_at - job.failed_at for job in found]
    assert all(least * DELAY <= wait <= DELAY for wait in waits)
    assert len(set(waits)) > 10


def test_a_moment_that_the_handler_sets_as_the_delay_is_jittered_too(queue: Any) -> None:
    due = datetime.now(UTC) + timedelta(milliseconds=DELAY)

    def puts_off(job: Any) -> None:
        job.delay(due)
        raise ValueError("boom")

    backoff = {"type": "fixed", "jitter": "full"}
    jobs = queue.save_all([queue.create("email", attempts=3, backoff=backoff) for _ in range(20)])
    queue.process("email", 4, puts_off)
    wait_until(lambda: queue.delayed_count() == 20)
    moments = [Job.get(job.id, queue=queue).promote_at for job in jobs]
    assert len(set(moments)) > 10 and max(moments) <= due.timestamp() * 1000 + 1


def test_a_job_whose_process_has_died_is_due_within_its_delay(queue: Any, client: Any) -> None:
    backoff = {"type": "fixed", "delay": DELAY, "jitter": "full"}
    jobs = [queue.create("email", attempts=2, backoff=backoff).save().active() for _ in range(20)]
    now, found = queue.runtime.store.now(), queue.runtime.store.hashes([job.id for job in jobs])
    runs = [(job.id, "", hash) for job, hash in zip(jobs, found, strict=True)]
    fail_from_outside(queue.runtime, runs, now, WORKER_LOST, mode="lost", dead_process=DEAD)
    hashes = [keyspace(client, f"q:job:{job.id}")[f"q:job:{job.id}"] for job in jobs]
    assert {(hash["state"], hash["delay"]) for hash in hashes} == {("delayed", str(DELAY))}
    waits = [int(hash["promote_at"]) - now for hash in hashes]
    assert all(0 <= wait <= DELAY for wait in waits) and len(set(waits)) > 10
