"""Redis goes away and comes back while queues are idle or busy: each is reported once, and the work goes on."""

import threading
from typing import Any

import pytest

import kue
from kue import Job
from kue.connection.address import resolve
from kue.worker.io.calls import Call, Report
from kue.worker.io.loop import IOLoop
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.servers import RedisServer, offered

LOST_AND_FOUND = [kue.ConnectionFailed, kue.ConnectionRestored]


def kinds(errors: list[BaseException]) -> list[type]:
    return [type(problem) for problem in list(errors)]


def assert_told_once(errors: list[BaseException]) -> None:
    wait_until(lambda: len(errors) >= 2)
    assert kinds(errors) == LOST_AND_FOUND
    errors.clear()


def test_an_idle_worker_survives_a_restart_of_redis(
    own_server: RedisServer, make_queue: MakeQueue, errors: list[BaseException]
) -> None:
    queue = make_queue(own_server.url)
    heard: list[Any] = []
    queue.on("job complete", lambda id, result: heard.append(result))
    queue.process("email", 2, lambda job: job.data)
    wait_until(lambda: queue.health()["ready"])
    own_server.kill()
    wait_until(lambda: not queue.health()["ready"])
    own_server.restart()
    wait_until(lambda: queue.health()["ready"] and not queue.runtime.error_reporter.down)
    queue.create("email", [1]).save()
    wait_until(lambda: heard == [[1]])
    assert_told_once(errors)


def test_a_busy_worker_writes_its_outcomes_once_redis_is_back(
    own_server: RedisServer, make_queue: MakeQueue, errors: list[BaseException]
) -> None:
    queue = make_queue(own_server.url)
    gate = threading.Event()
    runs: list[int] = []

    @queue.process("email", 3)
    def work(job: Any) -> Any:
        runs.append(job.id)
        gate.wait()
        job.log("said while Redis was away").progress(1, 2)
        return job.data

    jobs = queue.save_all([queue.create("email", [n]) for n in range(5)])
    wait_until(lambda: len(runs) == 3)
    own_server.kill()
    wait_until(lambda: not queue.health()["ready"])
    gate.set()
    wait_until(lambda: queue.health()["active"] == 0)
    own_server.restart()
    wait_until(lambda: queue.health()["ready"])
    wait_until(lambda: queue.complete_count() == 5)
    assert sorted(runs) == [job.id for job in jobs]
    assert [Job.get(job.id, queue=queue).result for job in jobs] == [[n] for n in range(5)]
    assert Job.get_log(jobs[0].id, queue=queue) == ["said while Redis was away"]
    assert_told_once(errors)


def test_a_server_that_has_become_a_replica_is_left_for_the_one_at_the_address_now(
    own_server: RedisServer, make_queue: MakeQueue, redis_url: str
) -> None:
    """As behind Sentinel, or behind a name that moves to the new master; the old one need not break connections."""
    queue = make_queue(own_server.url)
    queue.create("email").save()
    queue.runtime.store.connections.address = resolve(redis_url)
    with own_server.client() as old:
        old.replicaof("127.0.0.1", 1)
    with pytest.raises(kue.RedisRefused, match="replica"):
        queue.create("email").save()
    assert [queue.create("email").save().id for _ in range(2)] == [1, 2]


def test_a_producers_save_raises_and_the_next_one_works(own_server: RedisServer, make_queue: MakeQueue) -> None:
    queue = make_queue(own_server.url)
    queue.create("email").save()
    own_server.kill()
    for call in (queue.create("email").save, queue.inactive_count, lambda: Job.get(1, queue=queue)):
        with pytest.raises(kue.ConnectionFailed, match=str(own_server.port)):
            call()
    own_server.restart()
    job = queue.create("email").save()
    assert queue.inactive() == [1, job.id]


def test_a_producer_with_listeners_receives_again(
    own_server: RedisServer, make_queue: MakeQueue, errors: list[BaseException]
) -> None:
    queue = make_queue(own_server.url, send=True)
    promise = queue.create("email").promise()
    own_server.kill()
    wait_until(lambda: errors)
    with pytest.raises(kue.ConnectionFailed):
        queue.create("email").on("complete", print).save()
    own_server.restart()
    worker = make_queue(own_server.url)
    worker.process("email", lambda job: "done")
    assert promise.result(20) == "done"
    wait_until(lambda: not queue.runtime.error_reporter.down)
    assert queue.create("email").promise().result(10) == "done"
    assert_told_once(errors)


def test_a_listener_that_is_added_again_once_redis_is_back_is_called_once_for_an_event(
    own_server: RedisServer, make_queue: MakeQueue, errors: list[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    for pause in ("_FIRST_WAIT_SECONDS", "_MAX_WAIT_SECONDS"):  # it must not come back by itself in between
        monkeypatch.setattr(f"kue.common.backoff.{pause}", 60.0)
    queue = make_queue(own_server.url)
    job = queue.create("email").save()
    own_server.kill()
    heard: list[Any] = []
    with pytest.raises(kue.ConnectionFailed):
        job.on("progress", heard.append)
    own_server.restart()
    job.on("progress", heard.append).on("complete", heard.append)
    make_queue(own_server.url).process("email", lambda job: job.progress(1, 2) and "done")
    wait_until(lambda: "done" in heard)
    assert heard == [50, "done"]
    assert_told_once(errors)


def test_a_subscriber_waits_between_its_attempts_to_reach_redis(
    own_server: RedisServer, make_queue: MakeQueue, errors: list[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kue.common.backoff._FIRST_WAIT_SECONDS", 60.0)
    queue = make_queue(own_server.url)
    connections, attempts = queue.runtime.store.connections, []
    really = connections.open
    connections.open = lambda: attempts.append(1) or really()
    own_server.kill()
    with pytest.raises(kue.ConnectionFailed):
        queue.on("job complete", print)
    wait_until(lambda: errors)
    passed = threading.Event()
    queue.runtime.hub.call_later(0.1, passed.set)  # on the thread that would make the next attempt
    assert passed.wait(10)
    assert attempts == [1]
    errors.clear()


@pytest.mark.parametrize("backend", offered("redis", "redis62", "valkey"), indirect=True)
def test_scripts_that_redis_forgot_are_loaded_again(make_queue: MakeQueue, backend: Any) -> None:
    queue = make_queue(backend, promotion={"interval": 10})
    queue.process("email", 2, lambda job: job.progress(1, 2).data)
    for round in range(1, 6):
        backend.client.script_flush()
        queue.create("email", delay=1).save()
        queue.save_all([queue.create("email", [n]) for n in range(20)])
        wait_until(lambda round=round: queue.complete_count() == 21 * round)


def test_a_queue_whose_keys_were_flushed_is_empty_and_works(
    queue: Any, client: Any, errors: list[BaseException]
) -> None:
    gate = threading.Event()
    queue.process("email", 2, lambda job: gate.wait() and "done")
    queue.save_all([queue.create("email") for _ in range(5)])
    wait_until(lambda: queue.active_count() == 2)
    client.flushall()
    gate.set()
    wait_until(lambda: len(errors) == 2)
    assert kinds(errors) == [kue.JobLost] * 2, "the runs whose jobs are gone"
    errors.clear()
    job = queue.create("email").save()
    wait_until(lambda: queue.complete() == [job.id])
    assert job.id == 1


def test_connections_that_are_killed_one_by_one_lose_no_job(
    queue: Any, client: Any, errors: list[BaseException]
) -> None:
    runs: list[int] = []
    queue.process("email", 4, lambda job: runs.append(job.id))
    jobs = []
    for round in range(10):
        jobs += [queue.create("email").save() for _ in range(20)]
        client.client_kill_filter(_type="normal", skipme=True)
        wait_until(lambda count=20 * (round + 1): queue.complete_count() == count, 20)
    assert sorted(runs) == [job.id for job in jobs]
    wait_until(lambda: not queue.runtime.error_reporter.down)
    wait_until(lambda: errors == [] or kinds(errors)[-1] == kue.ConnectionRestored)
    assert kinds(errors) == LOST_AND_FOUND * (len(errors) // 2)
    errors.clear()


def test_an_error_between_collecting_outcomes_and_sending_them_loses_none(
    queue: Any, errors: list[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection of the wait may break just then; a run whose outcome was lost would be taken for an orphan."""
    renew, times = IOLoop._renew_wait, 0

    def renew_or_break(loop: IOLoop, calls: list[Call]) -> None:
        nonlocal times
        if any(isinstance(call, Report) for call in calls) and times < 3:
            times += 1
            raise ConnectionError("the waiting connection was closed")
        renew(loop, calls)

    monkeypatch.setattr(IOLoop, "_renew_wait", renew_or_break)
    ran: list[int] = []
    queue.process("email", 2, lambda job: ran.append(job.id))
    jobs = queue.save_all([queue.create("email") for _ in range(20)])
    wait_until(lambda: queue.complete_count() == 20)
    assert times == 3 and sorted(ran) == [job.id for job in jobs]
    wait_until(lambda: len(errors) == 2 * times)
    errors.clear()
