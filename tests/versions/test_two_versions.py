"""This release and the one before it work on one prefix: nothing is lost, and nothing fails that should not."""

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import kue
from kue import Job
from kue.doctor import examine
from kue.store.keys import zid
from kue.store.worker_id import process_of
from tests.crash.conftest import Watched
from tests.crash.process import ROOT, PythonWorker
from tests.helpers import wait_until
from tests.processes import unmeasured
from tests.servers import RedisServer
from tests.versions.conftest import LEASE, searches

Start = Callable[..., PythonWorker]
LONG_LEASE = 1500  # ms, so that a process on a busy machine does not lose it


@pytest.fixture(params=["this release then the previous", "the previous release then this"])
def pair(request: pytest.FixtureRequest, previous: Path) -> tuple[Path, Path]:
    """The trees of both releases, in both orders."""
    return (ROOT, previous) if request.param.startswith("this") else (previous, ROOT)


def assert_both_doctors_find_nothing(queue: Watched, previous: Path, server: RedisServer) -> None:
    report = examine(queue, grace=50)
    assert report.findings == ()
    other = subprocess.run(
        [sys.executable, "-m", "kue", "doctor", "--grace", "50ms", "--redis", server.url],
        check=False,
        cwd=previous,
        env=unmeasured() | {"PYTHONPATH": str(previous)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (other.returncode, other.stderr) == (0, ""), other.stdout


def assert_only_the_living_process_has_a_lease(
    server: RedisServer, pair: tuple[Path, Path], victim: PythonWorker, heir: PythonWorker
) -> None:
    """Only this release writes a record of a process. Only this release lists those whose lease it has ended."""
    client, (dead, living) = server.client(), (process_of(one.reported("start")[0]["worker"]) for one in (victim, heir))
    records = {f"q:py:worker:{process}" for process, root in zip((dead, living), pair, strict=True) if root == ROOT}
    lost = [str(dead).encode()] if pair[1] == ROOT else []
    expected = {"q:py:workers", *records} | ({"q:py:workers:lost"} if lost else set())
    wait_until(
        lambda: client.zrange("q:py:workers", 0, -1) == [str(living).encode()], message="the dead process has no lease"
    )
    wait_until(
        lambda: {key.decode() for key in client.keys("q:py:worker*")} == expected, message="the other keys are gone"
    )
    assert client.zrange("q:py:workers:lost", 0, -1) == lost


def test_each_brings_back_the_jobs_of_the_other_s_killed_process(
    pair: tuple[Path, Path], previous: Path, server: RedisServer, start: Start, queue: Watched
) -> None:
    jobs = queue.save_all(queue.create("email", attempts=3) for _ in range(5))
    victim = start(pair[0], {"email": 5})
    wait_until(lambda: len(victim.reported("start")) == 5)
    heir = start(pair[1], {"email": 2}, "count")
    victim.kill()
    wait_until(lambda: queue.complete_count() == 5, 20)
    for job in jobs:
        found = Job.get(job.id, queue=queue)
        assert (found.attempts_made, found.get_field("py_ghosts")) == (1, "1")
    wait_until(lambda: len(heir.reported("start")) == 5)
    assert heir.errors() == []
    assert_only_the_living_process_has_a_lease(server, pair, victim, heir)
    assert_both_doctors_find_nothing(queue, previous, server)


def test_living_processes_leave_each_other_s_jobs_alone_for_many_leases(
    pair: tuple[Path, Path], previous: Path, server: RedisServer, start: Start, queue: Watched
) -> None:
    queue.save_all(queue.create("email") for _ in range(4))
    workers = [start(root, {"email": 2}, lease=LONG_LEASE) for root in pair]
    wait_until(lambda: sum(len(worker.reported("start")) for worker in workers) == 4)
    begun = searches(server)
    wait_until(lambda: searches(server) > begun + 8, 40, "each has looked for lost jobs many times")
    for worker in workers:
        worker.command("release")
    wait_until(lambda: queue.complete_count() == 4)
    assert [worker.errors() + worker.reported("lost") for worker in workers] == [[], []]
    assert sum(len(worker.reported("start")) for worker in workers) == 4
    assert_both_doctors_find_nothing(queue, previous, server)


def test_each_ends_an_overdue_job_of_the_other_s_frozen_process(
    pair: tuple[Path, Path], previous: Path, server: RedisServer, start: Start, queue: Watched
) -> None:
    frozen = start(pair[0], {"email": 1}, lease=60_000)
    start(pair[1], {"other": 1})
    job = queue.create("email", ttl=2000).save()
    wait_until(lambda: frozen.reported("start"))
    frozen.pause()
    long_overdue(server, job)
    wait_until(lambda: queue.failed_count() == 1, 30)
    assert Job.get(job.id, queue=queue).error() == "TTL exceeded"
    frozen.resume()
    wait_until(lambda: frozen.reported("lost"), message="the handler learns that it lost its job")
    frozen.command("release")
    wait_until(lambda: frozen.reported("end", lost=True))
    assert_both_doctors_find_nothing(queue, previous, server)


def long_overdue(server: RedisServer, job: Job) -> None:
    """Have the checkers think that an active job is past its ttl, and past what they allow its worker after that."""
    assert server.client().zadd("q:jobs:active", {zid(job.id or 0): 100_001}, xx=True, ch=True) == 1


def test_each_runs_what_the_other_puts_back_when_it_stops(
    pair: tuple[Path, Path], previous: Path, server: RedisServer, start: Start, queue: Watched
) -> None:
    jobs = queue.save_all(queue.create("email") for _ in range(3))
    leaving = start(pair[0], {"email": 3})
    wait_until(lambda: len(leaving.reported("start")) == 3)
    start(pair[1], {"email": 1}, "count")
    leaving.command("requeue")
    wait_until(lambda: queue.complete_count() == 3, 20)
    assert {Job.get(job.id, queue=queue).attempts_made for job in jobs} == {1}
    wait_until(lambda: leaving.reported("stopped"))
    assert_both_doctors_find_nothing(queue, previous, server)


def test_a_key_whose_job_the_release_before_has_ended_is_free(
    previous: Path, server: RedisServer, start: Start, queue: Watched
) -> None:
    start(previous, {"email": 1}, "count")
    first = queue.create("email").unique("order:7").save()
    wait_until(lambda: queue.complete_count() == 1)
    second = queue.create("other").unique("order:7").save()
    assert (second.id, second.existing) == (int(first.id or 0) + 1, False)
    assert_both_doctors_find_nothing(queue, previous, server)


@pytest.mark.timeout(300)
def test_a_mixed_fleet_with_kills_and_put_backs_loses_nothing(
    previous: Path, server: RedisServer, start: Start, queue: Watched
) -> None:
    chance = random.Random(12)
    fleet = [start(root, {"email": 4, "late": 1}, "count", ghost_retries=50) for root in (ROOT, previous) * 2]
    saved = []
    for round in range(24):
        options = {"attempts": 2, "delay": chance.choice([0, 30]), "ttl": chance.choice([None, 20_000])}
        saved += queue.save_all(queue.create(chance.choice(["email", "late"]), **options) for _ in range(20))
        if round % 3 == 0:
            victim = fleet.pop(0)
            if chance.random() < 0.5:
                victim.kill()
            else:
                victim.command("requeue")
            fleet.append(start((ROOT, previous)[round % 2], {"email": 4, "late": 1}, "count", ghost_retries=50))
    wait_until(lambda: queue.complete_count() == len(saved), 200, "every job is complete")
    assert [worker.errors("JobLost") for worker in fleet] == [[]] * len(fleet)
    wait_until(lambda: not queue.active_count() and not queue.delayed_count())
    assert_both_doctors_find_nothing(queue, previous, server)


def test_health_and_the_doctor_list_the_versions_that_work(previous: Path, start: Start, queue: Watched) -> None:
    start(previous, {"email": 1})
    start(ROOT, {"email": 1})
    expected = {"before 0.2": 1, kue.__version__: 1}
    wait_until(lambda: queue.health()["versions"] == expected)
    assert examine(queue, grace=0).versions == expected
    queue.process("other", lambda job: None)
    wait_until(lambda: queue.health()["versions"] == expected | {kue.__version__: 2}, 2 * LEASE / 1000 + 10)
