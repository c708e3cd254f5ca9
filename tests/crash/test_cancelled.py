"""A job is cancelled while its process dies, stands still, or cannot reach Redis: it never runs again by itself."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.crash.conftest import Watched, call_of
from tests.crash.process import PythonWorker
from tests.crash.proxy import Proxy
from tests.helpers import wait_until
from tests.servers import RedisServer

Start = Callable[..., PythonWorker]
MakeQueue = Callable[..., Watched]
GHOSTS = {"ghost_retries": 5}
LEASE_ON_A_BUSY_MACHINE = 3000  # so that the process keeps its jobs until it stands still
LONG_LEASE = 60_000


def outcomes(queue: Watched, id: int | None) -> list[tuple[Any, ...]]:
    return [(run["outcome"], run["error"]) for run in queue.get(id).runs]


@pytest.mark.parametrize("attempts", [1, 5])
def test_a_cancelled_job_fails_when_its_process_is_killed_first(
    server: RedisServer, start_worker: Start, make_queue: MakeQueue, attempts: int
) -> None:
    queue = make_queue(server.url)
    heard: list[tuple[Any, ...]] = []
    for event in ("failed", "failed attempt", "enqueue", "error"):
        queue.on(f"job {event}", lambda id, *args, event=event: heard.append((event, *args)))
    victim = start_worker(server.url, {"email": 1}, lease=LEASE_ON_A_BUSY_MACHINE)
    job = queue.create("email", attempts=attempts, unique="k", **GHOSTS).save()
    promise = job.promise()
    wait_until(lambda: victim.reported("start"))
    heir = start_worker(server.url, {"email": 2}, "count")
    victim.pause()
    assert job.cancel("stop") == "active"
    victim.kill()

    wait_until(lambda: queue.failed() == [job.id])
    assert outcomes(queue, job.id) == [("cancelled", "Cancelled: stop")]
    assert str(promise.exception(10)) == f"job {job.id} failed: Cancelled: stop"
    wait_until(lambda: len(heard) >= 3)
    assert heard == [("enqueue", "email"), ("error", "Cancelled: stop"), ("failed", "Cancelled: stop")]
    assert not queue.create("email", unique="k").save().existing
    wait_until(lambda: heir.reported("start"))
    assert [fact["id"] for fact in heir.reported("start")] == [job.id + 1]


def test_many_cancelled_jobs_of_a_killed_process_all_fail(
    server: RedisServer, start_worker: Start, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url)
    victim = start_worker(server.url, {"email": 130}, lease=LEASE_ON_A_BUSY_MACHINE)
    jobs = queue.save_all(queue.create("email", {"n": n}, **GHOSTS) for n in range(130))
    wait_until(lambda: len(victim.reported("start")) == len(jobs))
    start_worker(server.url, {"other": 1})
    victim.pause()
    kept = [job.id for job in jobs[::10]]
    for job in jobs:
        if job.id not in kept:
            job.cancel()
    victim.kill()
    wait_until(lambda: queue.active_count() == 0)
    assert queue.inactive() == kept
    assert queue.failed_count() == len(jobs) - len(kept)


def test_a_process_that_stood_still_learns_of_it_when_it_goes_on(
    server: RedisServer, start_worker: Start, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url)
    worker = start_worker(server.url, {"email": 1}, "hold_async", lease=LONG_LEASE)
    job = queue.create("email", attempts=5).save()
    wait_until(lambda: worker.reported("start"))
    worker.pause()
    job.cancel("stop")
    worker.resume()
    wait_until(lambda: queue.failed() == [job.id])
    assert worker.reported("cancelled")
    assert outcomes(queue, job.id) == [("cancelled", "Cancelled: stop")]


def test_a_process_without_redis_learns_of_it_after_the_outage(
    server: RedisServer, proxy: Proxy, start_worker: Start, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url)
    worker = start_worker(proxy.url, {"email": 1}, "hold_async", lease=LONG_LEASE)
    job = queue.create("email", attempts=5).save()
    wait_until(lambda: worker.reported("start"))
    proxy.refuse()
    assert job.cancel("stop") == "active"
    queue.client.delete("q:py:mail", *queue.client.keys("q:py:mail:*"))  # the reply with the mail was lost
    proxy.admit()
    wait_until(lambda: queue.failed() == [job.id])
    assert worker.reported("cancelled")


def test_a_job_that_its_process_never_learned_of_fails_if_it_was_cancelled(
    proxy: Proxy, far: Watched, near: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reply to a take is lost, and the job is cancelled before its process gives it back."""
    monkeypatch.setattr("kue.worker.io.orphans._SECONDS_BETWEEN_PAGES", 3600.0)
    ran: list[int] = []
    far.process("email", lambda job: ran.append(job.id))
    first = near.create("email").save()
    wait_until(lambda: near.complete() == [first.id])
    loss = proxy.lose_reply(call_of("take"))
    job = near.create("email", attempts=5, **GHOSTS).save()
    wait_until(loss.is_set)
    wait_until(lambda: far.outages == ["lost", "back"])
    assert job.cancel("stop") == "active"
    far.shutdown(5000)
    assert near.failed() == [job.id]
    assert ran == [first.id]
    assert outcomes(near, job.id) == [("cancelled", "Cancelled: stop")]
