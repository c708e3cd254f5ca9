"""A process that died is one failed attempt of each job that it lost too often, as any other failure is."""

from typing import Any

from kue.maintenance.recovery import Recovery
from tests.integration.conftest import MakeQueue

DEAD = "kue:host:4711-abcdef01"
BASE = 1000  # of the backoff, in ms
LOOKS = (0, 0.5, 1)  # in leases: the last one may act, since the connection has stood for a lease


class Clock:
    """A clock that stands at `now`, in seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_backoff_of_a_lost_job_counts_the_attempt_that_was_lost(make_queue: MakeQueue, client: Any) -> None:
    queue = make_queue(ghost_retries=0)
    clock = Clock()
    recovery = Recovery(queue.runtime, clock=clock)
    job = queue.create("email", attempts=4, backoff={"type": "exponential", "delay": BASE}).save()
    job.set("workerId", f"{DEAD}:email:1").set("attempts", 1).active()  # one attempt failed before
    client.zadd("q:py:workers", {DEAD: 1})
    for leases in LOOKS:
        clock.now = leases * queue.runtime.options.lease / 1000
        client.delete("q:py:recovery:lock")  # no other process has looked in this interval
        recovery.run_once(queue.runtime.store.clock())
    assert queue.delayed() == [job.id]
    found = queue.get(job.id)
    assert (found.error(), found.attempts_made) == ("worker lost", 2)
    assert found.promote_at - found.updated_at == BASE * (2**2 - 1) / 2
