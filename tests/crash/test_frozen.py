"""A worker process stands still for longer than its lease, and wakes."""

from collections.abc import Callable
from typing import Any

from kue.errors import JobLost
from kue_send.job import Job
from tests.crash.conftest import Watched
from tests.crash.process import PythonWorker
from tests.crash.proxy import Proxy
from tests.helpers import keyspace, wait_until
from tests.servers import RedisServer

Start = Callable[..., PythonWorker]
MakeQueue = Callable[..., Watched]


def warning(id: int) -> str:
    """How the one warning about a job begins."""
    return f"job {id} is no longer held by this run"


def test_a_frozen_process_that_wakes_changes_nothing(
    server: RedisServer, start_worker: Start, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url)
    words: list[Any] = []
    jobs = queue.save_all(queue.create("email", {"n": n}).on("word", words.append) for n in range(4))
    frozen = start_worker(server.url, {"email": 4})
    wait_until(lambda: len(frozen.reported("start")) == 4)
    heir = start_worker(server.url, {"email": 1}, "count")

    frozen.pause()
    wait_until(lambda: queue.complete_count() == 4)
    before = keyspace(server.client(), "q:job*")
    frozen.resume()
    wait_until(lambda: len(frozen.reported("lost")) == 4)
    frozen.command("release")
    wait_until(lambda: len(frozen.reported("end")) == 4)
    frozen.command("shutdown")
    wait_until(lambda: frozen.reported("stopped"))

    ids = [job.id for job in jobs]
    assert sorted(fact["id"] for fact in heir.reported("start")) == ids
    assert keyspace(server.client(), "q:job*") == before
    for job in jobs:
        result = queue.job_class.get(job.id, queue=queue).result
        assert [result] == [{"by": fact["worker"]} for fact in heir.reported("start", id=job.id)]
    lost = sorted(frozen.errors("JobLost"))
    assert len(lost) == 4 and all(text.startswith(warning(id)) for id, text in zip(ids, lost, strict=True))
    assert frozen.errors() == frozen.errors("JobLost")
    assert all(fact["lost"] for fact in frozen.reported("end"))
    wait_until(lambda: len(words) == 4)
    assert sorted(words) == sorted(f"run {fact['worker']}" for fact in heir.reported("start"))


def test_coroutines_of_a_process_that_wakes_are_cancelled(
    server: RedisServer, start_worker: Start, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url)
    queue.save_all(queue.create("email") for _ in range(3))
    frozen = start_worker(server.url, {"email": 3}, "hold_async")
    wait_until(lambda: len(frozen.reported("start")) == 3)
    heir = start_worker(server.url, {"email": 3}, "count")

    frozen.pause()
    wait_until(lambda: queue.complete_count() == 3)
    frozen.resume()
    wait_until(lambda: len(frozen.reported("cancelled")) == 3)

    assert all(fact["lost"] for fact in frozen.reported("cancelled"))
    wait_until(lambda: len(frozen.errors()) == 3)
    assert frozen.errors() == frozen.errors("JobLost")
    wait_until(lambda: len(heir.reported("start")) >= 3)
    assert len(heir.reported("start")) == 3
    assert queue.failed_count() == 0


def test_a_job_taken_again_by_the_process_that_lost_it_belongs_to_the_second_run(
    server: RedisServer, start_worker: Start, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url)
    start_worker(server.url, {"other": 1})
    job = queue.create("email").save()
    frozen = start_worker(server.url, {"email": 2})
    [first] = wait_until(lambda: frozen.reported("start"))

    frozen.pause()
    wait_until(lambda: queue.inactive_count() == 1)
    frozen.resume()
    wait_until(lambda: len(frozen.reported("start")) == 2)
    wait_until(lambda: frozen.reported("lost"))
    frozen.command("release")
    wait_until(lambda: queue.complete_count() == 1)
    frozen.command("shutdown")
    wait_until(lambda: frozen.reported("stopped"))

    second = frozen.reported("start")[1]
    assert second["id"] == first["id"] == job.id and second["worker"] != first["worker"]
    found = queue.job_class.get(job.id, queue=queue)
    assert (found.result, found.attempts_made) == ({"by": second["worker"]}, 1)
    assert queue.job_class.get_log(job.id, queue=queue)[1:] == [f"log of run {second['worker']}"]
    assert found.get_field("reported_by") == f"run {second['worker']}"
    assert [text[: len(warning(1))] for text in frozen.errors()] == [warning(job.id)]


def test_a_process_cut_off_from_redis_loses_its_jobs_to_one_of_the_same_host_and_pid(
    server: RedisServer, proxy: Proxy, make_queue: MakeQueue
) -> None:
    far, near = make_queue(proxy.url), make_queue(server.url)
    runs: list[str] = []
    held: list[tuple[Job, Callable[..., None]]] = []

    @far.process("email")
    def hold(job: Job, done: Callable[..., None]) -> None:
        runs.append("far")
        held.append((job, done))

    job = near.create("email").save()
    wait_until(lambda: held)
    near.process("other", lambda job: None)

    proxy.stall()
    wait_until(lambda: near.inactive_count() == 1)
    near.process("email", lambda job: runs.append("near") or "near")
    wait_until(lambda: near.complete_count() == 1)
    proxy.resume()
    run, done = held[0]
    wait_until(lambda: run.lost)
    done(None, "far")
    far.shutdown(5000)

    assert runs == ["far", "near"]
    assert near.job_class.get(job.id, queue=near).result == "near"
    lost = [str(problem) for problem in far.errors if isinstance(problem, JobLost)]
    assert [text[: len(warning(job.id))] for text in lost] == [warning(job.id)]
