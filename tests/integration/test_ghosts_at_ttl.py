"""A job with `ghost_on_ttl`: a run that Python ends at its ttl goes back without an attempt while ghosts are left."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import kue
from kue import Job
from kue.common.clock import now_ms
from kue.maintenance.ttl import ACK_MS, TtlCheck
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.store.world import zid

TTL = 40
HOUR = 3_600_000


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds handlers, at most until the test is over."""
    gate = threading.Event()
    yield gate
    gate.set()


def outcomes(job: Job) -> list[tuple[int, int, str]]:
    return [(run["run"], run["attempt"], run["outcome"]) for run in job.runs]


@pytest.mark.parametrize("backend", ["redis", "valkey", "fake"], indirect=True)
def test_a_job_is_a_ghost_before_it_uses_up_an_attempt(everywhere: Any, gate: threading.Event) -> None:
    heard: list[Any] = []
    everywhere.process("email", lambda job: gate.wait(30))
    job = everywhere.create("email", ttl=TTL, attempts=2, ghost_on_ttl=True, ghost_retries=2)
    for event in ("enqueue", "start", "ttl exceeded", "error", "ttl exceeded ack", "failed attempt", "failed"):
        job.on(event, lambda *args, event=event: heard.append(event))
    job.save()
    wait_until(lambda: everywhere.failed() == [job.id])
    wait_until(lambda: heard[-1:] == ["failed"])

    ghost = ["start", "ttl exceeded", "ttl exceeded ack", "enqueue"]
    ended = ["start", "ttl exceeded", "error", "ttl exceeded ack"]
    assert heard[heard.index("start") :] == [*ghost * 2, *ended, "enqueue", "failed attempt", *ended, "failed"]
    found = Job.get(job.id, queue=everywhere)
    assert (found.attempts_made, found.error()) == (2, "TTL exceeded")
    assert outcomes(found) == [(1, 1, "ghost"), (2, 1, "ghost"), (3, 1, "ttl"), (4, 2, "ttl")]
    assert found.log() == [f"TTL exceeded: put back ({n} of 2)" for n in (1, 2)] + ["TTL exceeded"] * 2


def test_the_options_of_the_queue_count_for_a_job_without_its_own(make_queue: MakeQueue, gate: threading.Event) -> None:
    queue = make_queue(ghost_retries=3, ghost_delay=HOUR)
    queue.process("email", lambda job: gate.wait(30))
    job = queue.create("email", ttl=TTL, ghost_on_ttl=True).save()
    wait_until(lambda: queue.delayed() == [job.id])
    found = Job.get(job.id, queue=queue)
    assert found.promote_at is not None and found.updated_at is not None
    assert found.promote_at - found.updated_at == HOUR
    assert (found.log(), found.delay(), found.error()) == (["TTL exceeded: put back (1 of 3)"], None, None)


def test_without_the_option_a_run_that_ends_at_its_ttl_is_a_failed_attempt(
    make_queue: MakeQueue, gate: threading.Event
) -> None:
    queue = make_queue(ghost_retries=3)
    queue.process("email", lambda job: gate.wait(30))
    job = queue.create("email", ttl=TTL, ghost_on_ttl=False).save()
    wait_until(lambda: queue.failed() == [job.id])
    assert outcomes(Job.get(job.id, queue=queue)) == [(1, 1, "ttl")]


def test_a_handler_may_make_its_job_a_ghost(queue: Any, gate: threading.Event) -> None:
    @queue.process("email")
    def work(job: Any) -> None:
        job.ghost_on_ttl(True).ghost_delay(HOUR)
        job.ttl(TTL).progress(1, 2)  # from which the ttl counts
        gate.wait(30)

    job = queue.create("email", ttl=HOUR).save()
    wait_until(lambda: queue.delayed() == [job.id])
    found = Job.get(job.id, queue=queue)
    assert (outcomes(found), found.ghost_on_ttl(), found.ghost_delay()) == ([(1, 1, "ghost")], True, HOUR)


def test_the_coroutine_of_a_ghost_is_cancelled_and_the_slot_goes_on(queue: Any) -> None:
    ended: list[str] = []

    @queue.process("email")
    async def work(job: Any) -> str:
        if ended:
            return "done"
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return "too late"

    job = queue.create("email", ttl=TTL, ghost_on_ttl=True).save()
    wait_until(lambda: queue.complete() == [job.id])
    assert ended == ["cancelled"]
    assert outcomes(Job.get(job.id, queue=queue)) == [(1, 1, "ghost"), (2, 1, "complete")]


@pytest.mark.parametrize("owner", ["kue:host:7-beef00011:email:1", "kue:host:7:email:1"])
def test_the_checker_makes_ghosts_of_runs_whose_workers_are_silent(
    make_queue: MakeQueue, client: Any, owner: str
) -> None:
    queue = make_queue()
    job = queue.create("email", ttl=HOUR, ghost_on_ttl=True).save()
    job.active()
    client.hset(f"q:job:{job.id}", mapping={"workerId": owner, "started_at": now_ms() - 500})
    client.zadd("q:jobs:active", {zid(int(job.id)): 100_001})
    check = TtlCheck(queue.runtime, interval=1000, lock_ttl=2000)
    now = now_ms()
    check.run_once(now)
    check.run_once(now + ACK_MS)
    found = Job.get(job.id, queue=queue)
    assert (found.state(), found.attempts_made) == ("inactive", 0)
    [run] = found.runs
    assert (run["worker"], run["outcome"], run["error"]) == (owner, "ghost", "TTL exceeded")


def test_a_ghost_is_logged_as_a_warning_that_says_it_goes_back(
    queue: Any, gate: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kue.run")
    queue.process("email", lambda job: gate.wait(30))
    job = queue.create("email", ttl=TTL, ghost_on_ttl=True).save()
    wait_until(lambda: queue.failed() == [job.id])

    def records() -> list[Any]:
        return [record for record in caplog.records if record.name == "kue.run"]

    wait_until(lambda: len(records()) == 2)
    said = [(one.levelname, one.getMessage().replace(f" {one.duration_ms} ms", " N ms", 1)) for one in records()]
    of_job = f"job {job.id} (email)"
    assert said == [
        ("WARNING", f"{of_job} was ended at its ttl, and is put back (1 of 1)"),
        ("ERROR", f"{of_job} failed for good in attempt 1 of 1 after N ms: TTL exceeded"),
    ]


def test_a_handler_reads_the_ghost_options_of_its_job_from_redis(make_queue: MakeQueue) -> None:
    queue = make_queue(ghost_retries=4, ghost_delay=7)

    @queue.process("email")
    def work(job: Any) -> Any:
        return [job.ghost_on_ttl(), job.ghost_retries(), job.ghost_delay()]

    plain = queue.create("email").save()
    own = queue.create("email", ghost_on_ttl=True, ghost_retries=0, ghost_delay=0).save()
    wait_until(lambda: queue.complete_count() == 2)
    assert Job.get(plain.id, queue=queue).result == [False, 4, 7]
    assert Job.get(own.id, queue=queue).result == [True, 0, 0]
    for job in (own, Job.get(own.id, queue=queue)):
        assert (job.ghost_on_ttl(), job.ghost_retries(), job.ghost_delay()) == (True, 0, 0)
    assert (plain.ghost_retries(), plain.ghost_delay()) == (4, 7)


def test_a_ghost_option_that_a_handler_resets_is_the_default_before_and_after_it_is_written(
    make_queue: MakeQueue,
) -> None:
    queue = make_queue(ghost_retries=4)

    @queue.process("email")
    def work(job: Any) -> Any:
        seen = [job.ghost_retries()]
        job.ghost_retries(None)
        seen.append(job.ghost_retries())
        job.update()
        return [*seen, job.ghost_retries(), job.ghost_delay()]

    job = queue.create("email", ghost_retries=9, ghost_delay=5).save()
    wait_until(lambda: queue.complete_count() == 1)
    assert Job.get(job.id, queue=queue).result == [9, 4, 4, 5]


def test_a_ghost_option_that_a_handler_has_set_is_not_asked_of_redis(
    queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    hashes = queue.runtime.store.hashes
    monkeypatch.setattr(queue.runtime.store, "hashes", lambda ids: asked.append(ids) or hashes(ids))

    @queue.process("email")
    def work(job: Any) -> Any:
        job.ghost_retries(7).update()
        return job.ghost_retries()

    job = queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    assert asked == []
    assert Job.get(job.id, queue=queue).result == 7


def test_job_flags_set_the_ghost_options_of_a_type(make_queue: MakeQueue) -> None:
    queue = make_queue(job_flags={"email": {"ghost_on_ttl": True, "ghost_retries": 2}})
    job = Job.get(queue.create("email").save().id, queue=queue)
    assert (job.ghost_on_ttl(), job.ghost_retries()) == (True, 2)
    job.ghost_on_ttl(None).update()
    assert Job.get(job.id, queue=queue).get_field("py_ghost_on_ttl") is None


@pytest.mark.parametrize("name", ["ghost_on_ttl", "ghost_retries", "ghost_delay"])
def test_a_plain_job_has_no_field_of_these_options(queue: Any, client: Any, name: str) -> None:
    job = queue.create("email").save()
    assert client.hget(f"q:job:{job.id}", f"py_{name}") is None
    assert kue.Job.get(job.id, queue=queue).options.get(name) is None
