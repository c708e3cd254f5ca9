"""Background threads survive unexpected exceptions: in a duty, in the lease, in a round of the I/O loop."""

from collections.abc import Callable
from typing import Any

import pytest

from kue.common.error_reporter import ErrorReporter
from kue.errors import ConnectionFailed, ConnectionRestored, JobLost, Recovered
from kue.maintenance.ticker import Ticker
from kue_send.job import Job
from tests.crash.conftest import LEASE, Watched, call_of
from tests.crash.proxy import Proxy
from tests.helpers import wait_until
from tests.servers import RedisServer

MakeQueue = Callable[..., Watched]


class Duty:
    """Does its thing every hundredth of a second; raises on its first two rounds."""

    interval = 0.01

    def __init__(self) -> None:
        self.rounds = 0

    def run_once(self, now: int) -> bool:
        self.rounds += 1
        if self.rounds <= 2:
            raise ValueError("nobody expected this")
        return False


def test_the_ticker_goes_on_and_reports_that_once(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    first, second = Duty(), Duty()
    ticker = Ticker([first, second], ErrorReporter(lambda problem: told.append(str(problem))), lambda: 0)
    ticker.start()
    wait_until(lambda: first.rounds > 5 and second.rounds > 5)
    ticker.stop()

    assert told == [
        "unexpected error in ticker: Duty: ValueError: nobody expected this",
        "ticker: Duty goes on as before",
    ]
    assert "Traceback" in caplog.text


def test_the_lease_is_renewed_after_an_unexpected_exception(
    server: RedisServer, make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = make_queue(server.url)
    transitions = queue.runtime.store.transitions
    renew, failures = transitions.renew_lease, iter(range(3))

    def stumble(*args: Any, **options: Any) -> Any:
        if next(failures, None) is not None:
            raise ValueError("nobody expected this")
        return renew(*args, **options)

    monkeypatch.setattr(transitions, "renew_lease", stumble)
    queue.process("email", lambda job: None)
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    assert str(queue.errors[0]) == "unexpected error in lease: ValueError: nobody expected this"


def test_outcomes_of_the_round_in_which_a_take_is_refused_are_written(
    server: RedisServer, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url, lease=60 * LEASE)
    runs: list[int | None] = []
    queue.process("email", 4, lambda job: runs.append(job.id))
    with server.client() as client:
        client.set("q:jobs:broken:inactive", "not a zset")
        queue.process("broken", lambda job: None)
        jobs = []
        for _ in range(200):
            jobs += queue.save_all(queue.create("email") for _ in range(5))
            client.lpush("q:broken:jobs", 1)  # has the worker look there, and be refused
        wait_until(lambda: queue.complete_count() == 1000)

    assert sorted(id for id in runs if id) == [job.id for job in jobs]
    assert [problem for problem in queue.errors if isinstance(problem, JobLost)] == []
    assert any("WRONGTYPE" in str(problem) for problem in queue.errors)


def test_a_job_is_put_back_if_the_thread_of_its_handler_cannot_start(
    server: RedisServer, make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = make_queue(server.url)
    starts: list[int | None] = []

    def handle(job: Job) -> None:
        starts.append(job.id)

    queue.process("email", 2, handle)
    assert queue._pool is not None
    submit, failures = queue._pool.executor.start, iter(range(2))

    def stumble(*args: Any) -> None:
        if next(failures, None) is not None:
            raise RuntimeError("can't start new thread")
        submit(*args)

    monkeypatch.setattr(queue._pool.executor, "start", stumble)
    jobs = queue.save_all(queue.create("email", attempts=2) for _ in range(4))
    wait_until(lambda: queue.complete_count() == 4)
    assert sorted(id for id in starts if id) == [job.id for job in jobs]


@pytest.mark.parametrize("command", ["hset", "zrem"])  # before its first write, or half-way
def test_a_job_whose_outcome_redis_refuses_for_good_is_not_run_again_and_again(
    server: RedisServer, proxy: Proxy, make_queue: MakeQueue, command: str
) -> None:
    queue = make_queue(proxy.url)
    runs: list[int | None] = []

    def permit(rule: str) -> None:
        with server.client() as client:
            client.execute_command("ACL", "SETUSER", "default", rule)

    def spoil(job: Job) -> None:
        runs.append(job.id)
        if len(runs) == 1:
            permit(f"-{command}")

    queue.process("email", 1, spoil)
    queue.create("email").save()
    wait_until(lambda: any("Redis refused" in str(problem) for problem in queue.errors))
    permit(f"+{command}")
    looks = count_looks_for_orphans(queue)
    loss = proxy.lose_reply(call_of("take"))
    queue.create("email").save()  # without a job that waits, nothing is taken
    wait_until(loss.is_set)
    wait_until(lambda: len(looks) >= 2)  # for jobs that carry the name of this process and that it does not hold
    wait_until(lambda: queue.complete_count() == 1)
    assert runs == [1, 2] and queue.active() == [1]


def count_looks_for_orphans(queue: Watched) -> list[int]:
    """One entry for each page from now on of a look for jobs that were taken without a reply."""
    looks: list[int] = []
    transitions = queue.runtime.store.transitions
    build = transitions.requeue_orphans

    def noted(*args: Any) -> Any:
        looks.append(1)
        return build(*args)

    transitions.requeue_orphans = noted  # type: ignore[method-assign]
    return looks


@pytest.mark.parametrize("member", ["garbage", "02|7x", "01|9"])
def test_members_that_are_no_jobs_keep_no_worker_from_going_on_after_an_outage(
    server: RedisServer, make_queue: MakeQueue, member: str
) -> None:
    queue = make_queue(server.url)
    queue.process("email", lambda job: None)
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    with server.client() as client:
        client.zadd("q:jobs:email:active", {member: 0})
        client.client_kill_filter(_type="normal", skipme=True)
    wait_until(lambda: any(isinstance(problem, ConnectionRestored) for problem in queue.errors))
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 2)
    assert {type(problem) for problem in queue.errors} == {ConnectionFailed, ConnectionRestored}


def test_tokens_of_the_wrong_kind_are_reported_once_and_delay_no_other_type(
    server: RedisServer, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url)
    queue.process("email", lambda job: None)
    queue.process("pdf", lambda job: None)
    with server.client() as client:
        client.set("q:email:jobs", "no list")
        wait_until(lambda: queue.errors)
        for count in range(1, 11):
            queue.create("pdf").save()
            wait_until(lambda count=count: queue.complete_count() == count)
        assert len(queue.errors) == 1
        assert "WRONGTYPE" in str(queue.errors[0]) and "'email'" in str(queue.errors[0])
        client.delete("q:email:jobs")
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 11 and len(queue.errors) == 2)
    assert isinstance(queue.errors[1], Recovered)


def test_a_hash_that_loses_its_type_while_it_runs_is_dropped_with_one_error(
    server: RedisServer, make_queue: MakeQueue
) -> None:
    queue = make_queue(server.url)

    def spoil(job: Job) -> None:
        if job.data["spoilt"]:
            with server.client() as client:
                client.hdel(f"q:job:{job.id}", "type")

    queue.process("email", 2, spoil)
    queue.save_all(queue.create("email", {"spoilt": n == 1}) for n in range(4))
    wait_until(lambda: queue.complete_count() == 3 and not queue.active_count())
    with server.client() as client:
        assert not client.exists("q:job:2") and client.zcard("q:jobs") == 3
    wait_until(lambda: queue.errors)
    assert [str(problem) for problem in queue.errors] == ["job 2 has lost its type while it ran, and was dropped"]
