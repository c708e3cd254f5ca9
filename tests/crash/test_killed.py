"""A worker process dies of SIGKILL with jobs in hand."""

import os
import socket
from collections.abc import Callable
from typing import Any

import pytest

import kue
from tests.crash.conftest import Watched
from tests.crash.process import PythonWorker
from tests.helpers import wait_until
from tests.servers import RedisServer

Start = Callable[..., PythonWorker]
MakeQueue = Callable[..., Watched]
JOBS = 130  # more than one script puts back, which is a hundred


def process_of(worker_id: str) -> str:
    return ":".join(worker_id.split(":")[:3])


def lease_of(server: RedisServer, worker: PythonWorker) -> float:
    """When the lease of a process ends, in Redis's time (ms)."""
    with server.client() as client:
        ends = {name.decode(): score for name, score in client.zrange("q:py:workers", 0, -1, withscores=True)}
    return next(score for name, score in ends.items() if f":{worker.pid}-" in name)


def test_jobs_in_hand_run_again_once_and_use_up_no_attempt(
    server: RedisServer, start_worker: Start, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url)
    jobs = queue.save_all(queue.create("email", {"n": n}, attempts=3) for n in range(5))
    victim = start_worker(server.url, {"email": 5})
    wait_until(lambda: len(victim.reported("start")) == 5)
    heir = start_worker(server.url, {"email": 2}, "count")

    victim.kill()
    lease_end = lease_of(server, victim)
    wait_until(lambda: queue.complete_count() == 5)

    wait_until(lambda: len(heir.reported("start")) >= 5)
    again = heir.reported("start")
    assert sorted(fact["id"] for fact in again) == [job.id for job in jobs]
    assert {fact["attempts"] for fact in again} == {0}
    for job in jobs:
        found = queue.job_class.get(job.id, queue=queue)
        assert (found.attempts_made, found.get_field("py_ghosts")) == (1, "1")
        assert found.started_at is not None and found.started_at >= lease_end
        assert queue.job_class.get_log(job.id, queue=queue)[0] == "worker lost: put back (1 of 1)"
    assert heir.errors() == []
    wait_until(lambda: server.client().zcard("q:py:workers") == 1, message="the lease of the dead is forgotten")


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_job_that_kills_its_workers_fails_in_the_end(
    server: RedisServer, start_worker: Start, make_queue: MakeQueue, attempts: int
) -> None:
    queue = make_queue(server.url)
    heard: list[tuple[Any, ...]] = []
    for event in ("job failed", "job failed attempt"):
        queue.on(event, lambda id, *args, event=event: heard.append((event, *args)))
    start_worker(server.url, {"other": 1})
    options = {"attempts": attempts, "backoff": {"type": "fixed", "delay": 50}}
    job = queue.create("poison", {}, **options).save()

    runs = []
    for _ in range(attempts + 1):
        victim = start_worker(server.url, {"poison": 1})
        [start] = wait_until(lambda victim=victim: victim.reported("start"), 20)
        runs.append(start["attempts"])
        victim.kill()
    wait_until(lambda: queue.failed_count() == 1)

    assert runs == [0, *range(attempts)]
    found = queue.job_class.get(job.id, queue=queue)
    assert (found.error(), found.attempts_made) == ("worker lost", attempts)
    assert found.get_field("py_ghosts") == "1"
    wait_until(lambda: heard and heard[-1][0] == "job failed")
    retried = [("job failed attempt", "worker lost", n) for n in range(1, attempts)]
    assert heard == [*retried, ("job failed", "worker lost")]


def test_the_ghost_options_of_the_process_that_died_decide(
    server: RedisServer, start_worker: Start, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url)
    start_worker(server.url, {"other": 1}, ghost_retries=0)
    job = queue.create("email").save()
    victim = start_worker(server.url, {"email": 1}, ghost_retries=2, ghost_delay=600_000)
    wait_until(lambda: victim.reported("start"))

    victim.kill()
    wait_until(lambda: queue.delayed_count() == 1)

    found = queue.job_class.get(job.id, queue=queue)
    assert found.promote_at is not None and found.updated_at is not None
    assert found.promote_at - found.updated_at == 600_000
    assert queue.job_class.get_log(job.id, queue=queue) == ["worker lost: put back (1 of 2)"]


def test_each_process_keeps_a_record_that_follows_what_it_serves(server: RedisServer) -> None:
    with kue.Queue(redis=server.url, ghost_retries=3, ghost_delay=40, lease=90_000) as queue:
        queue.process("email", 4, lambda job: None)

        def record() -> dict[str, str]:
            names = server.client().keys("q:py:worker:*")
            found = server.client().hgetall(names[0]) if names else {}
            return {name.decode(): value.decode() for name, value in found.items() if name != b"started"}

        own = {"protocol": "1", "version": kue.__version__, "host": socket.gethostname(), "pid": str(os.getpid())}
        own |= {"lease": "90000", "ghost_retries": "3", "ghost_delay": "40", "busy": "0"}
        wait_until(lambda: record() == {**own, "types": '{"email":4}'})
        queue.process(["email", "pdf"], 2, lambda job: None)
        wait_until(lambda: record() == {**own, "types": '{"email":6,"pdf":2}'}, message="the record is renewed at once")
    assert server.client().keys("q:py:worker*") == []


def test_more_jobs_than_one_script_takes_are_all_put_back(
    server: RedisServer, start_worker: Start, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url)
    queue.save_all(queue.create("email", {}) for _ in range(JOBS))
    victim = start_worker(server.url, {"email": JOBS})
    wait_until(lambda: len(victim.reported("start")) == JOBS, 20)
    heir = start_worker(server.url, {"email": 10}, "count")

    victim.kill()
    wait_until(lambda: queue.complete_count() == JOBS, 20)

    wait_until(lambda: len(heir.reported("start")) >= JOBS)
    assert sorted(fact["id"] for fact in heir.reported("start")) == list(range(1, JOBS + 1))


def test_jobs_of_node_workers_are_never_taken_by_age(
    server: RedisServer, start_worker: Start, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url)
    node_worker = "kue:web-1:4711:email:1"
    of_node = queue.create("email", {"of": "node"}).save().set("workerId", node_worker).active()
    heir = start_worker(server.url, {"email": 2}, "count")

    for _ in range(2):  # each time a look for the jobs of the dead that finds something
        of_python = queue.create("poison", {}).save()
        victim = start_worker(server.url, {"poison": 1})
        wait_until(lambda victim=victim: victim.reported("start"))
        victim.kill()
        wait_until(lambda id=of_python.id: queue.job_class.get(id, queue=queue).state() == "inactive")
        of_python.remove()

    found = queue.job_class.get(of_node.id, queue=queue)
    assert (found.state(), found.worker_id) == ("active", node_worker)
    assert heir.reported("start") == []
