"""What a job shows of runs that no handler ended: a killed process, a run past its ttl, a snooze without a reply."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import kue
from kue.store.keys import zid
from tests.crash.conftest import Watched, call_of
from tests.crash.process import PythonWorker
from tests.crash.proxy import Proxy
from tests.helpers import wait_until
from tests.servers import RedisServer

Start = Callable[..., PythonWorker]
MakeQueue = Callable[..., Watched]
LONG_LEASE, HOUR = 60_000, 3_600_000


def short(queue: Watched, id: int | None) -> list[tuple[Any, ...]]:
    runs = queue.job_class.get(id, queue=queue).runs
    return [(run["run"], run["attempt"], run["outcome"], run["error"]) for run in runs]


def test_the_run_of_a_killed_process_is_a_ghost_and_shares_its_attempt_with_the_next(
    server: RedisServer, start_worker: Start, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url)
    job = queue.create("email", attempts=2).save()
    victim = start_worker(server.url, {"email": 1})
    [start] = wait_until(lambda: victim.reported("start"))
    victim.kill()
    start_worker(server.url, {"email": 1}, "count")
    wait_until(lambda: queue.complete_count() == 1)

    assert short(queue, job.id) == [(1, 1, "ghost", "worker lost"), (2, 1, "complete", None)]
    ghost, last = queue.job_class.get(job.id, queue=queue).runs
    assert ghost["worker"] == start["worker"] != last["worker"]
    assert ghost["duration"] is not None and ghost["start"] + ghost["duration"] <= last["start"]


def test_a_job_that_kills_its_workers_shows_every_one_of_them(
    server: RedisServer, start_worker: Start, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url)
    start_worker(server.url, {"other": 1})
    job = queue.create("poison", attempts=2, ghost_retries=2).save()
    workers = []
    for _ in range(4):
        victim = start_worker(server.url, {"poison": 1})
        [start] = wait_until(lambda victim=victim: victim.reported("start"), 20)
        workers.append(start["worker"])
        victim.kill()
    wait_until(lambda: queue.failed_count() == 1)

    lost = "worker lost"
    assert short(queue, job.id) == [
        *((1, 1, "ghost", lost), (2, 1, "ghost", lost), (3, 1, "failed", lost), (4, 2, "failed", lost))
    ]
    found = queue.job_class.get(job.id, queue=queue)
    assert [run["worker"] for run in found.runs] == workers
    assert found.total_process_time == sum(run["duration"] or 0 for run in found.runs)


@pytest.mark.parametrize("ghost_on_ttl", [True, False])
def test_the_checker_ends_the_run_of_a_dead_process_at_its_ttl_as_a_ghost_if_the_job_asks_for_that(
    server: RedisServer, start_worker: Start, make_queue: MakeQueue, ghost_on_ttl: bool
) -> None:
    queue = make_queue(server.url, lease=LONG_LEASE, promotion={"interval": 100}, ghost_retries=0)
    job = queue.create("email", ttl=HOUR, ghost_on_ttl=ghost_on_ttl, attempts=2).save()
    victim = start_worker(server.url, {"email": 1}, lease=LONG_LEASE, ghost_retries=1, promotion={"interval": 1000})
    wait_until(lambda: victim.reported("start"))
    victim.kill()
    with server.client() as client:  # the job is past its ttl, and past what the checkers allow its worker after that
        assert client.zadd("q:jobs:active", {zid(job.id or 0): 100_001}, xx=True, ch=True) == 1
    queue.process("other", lambda job: None)
    wait_until(lambda: queue.inactive() == [job.id], 20)

    found = queue.job_class.get(job.id, queue=queue)
    if ghost_on_ttl:
        assert short(queue, job.id) == [(1, 1, "ghost", "TTL exceeded")]
        assert (found.attempts_made, found.log()) == (0, ["TTL exceeded: put back (1 of 1)"])
    else:
        assert short(queue, job.id) == [(1, 1, "ttl", "TTL exceeded")]
        assert (found.attempts_made, found.log()) == (1, ["TTL exceeded"])


@pytest.mark.parametrize("lose", ["lose_reply", "lose_request"])
def test_a_snooze_whose_reply_is_lost_is_carried_out_once(proxy: Proxy, far: Watched, near: Watched, lose: str) -> None:
    def put_off(job: Any) -> None:
        if "warm" not in job.data:
            raise kue.Snooze(HOUR)

    far.process("email", put_off)
    near.create("email", {"warm": True}).save()
    wait_until(lambda: near.complete_count() == 1)
    loss = getattr(proxy, lose)(call_of("snooze"))
    job = near.create("email").save()
    wait_until(loss.is_set)
    wait_until(lambda: far.outages == ["lost", "back"])
    wait_until(lambda: near.delayed() == [job.id])
    assert short(near, job.id) == [(1, 1, "snoozed", None)]
    far.shutdown(5000)
    assert near.job_class.get_log(job.id, queue=near) == [f"snoozed for {HOUR} ms"]
    assert [type(problem).__name__ for problem in far.errors] == ["ConnectionFailed", "ConnectionRestored"]


@pytest.mark.parametrize("ghost_on_ttl", [True, False])
def test_a_run_at_its_ttl_whose_reply_is_lost_is_counted_once_and_logged_as_it_was_and_not_reported_as_lost(
    proxy: Proxy, far: Watched, near: Watched, caplog: pytest.LogCaptureFixture, ghost_on_ttl: bool
) -> None:
    async def hang(job: Any) -> None:
        if "warm" not in job.data:
            await asyncio.sleep(30)

    far.process("email", hang)
    near.create("email", {"warm": True}).save()
    wait_until(lambda: near.complete_count() == 1)
    loss = proxy.lose_reply(call_of("fail"))
    job = near.create("email", ttl=100, ghost_on_ttl=ghost_on_ttl, ghost_delay=HOUR).save()
    wait_until(loss.is_set)
    wait_until(lambda: far.outages == ["lost", "back"])
    wait_until(lambda: (near.delayed() if ghost_on_ttl else near.failed()) == [job.id])
    far.shutdown(5000)
    assert short(near, job.id) == [(1, 1, "ghost" if ghost_on_ttl else "ttl", "TTL exceeded")]
    said = "was ended at its ttl, and is put back" if ghost_on_ttl else "failed for good in attempt 1 of 1 "
    assert [said in record.getMessage() for record in caplog.records if record.name == "kue.run"] == [True]
    assert [type(problem).__name__ for problem in far.errors] == ["ConnectionFailed", "ConnectionRestored"]
