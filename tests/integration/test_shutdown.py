"""Shutdown waits for running jobs; those that do not end in time fail or go back; nothing of the queue is left."""

import asyncio
import inspect
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds handlers, at most until the test is over."""
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def look(make_queue: MakeQueue) -> Any:
    """Another queue at the same Redis, that is not shut down."""
    return make_queue()


def in_background(call: Any) -> threading.Thread:
    thread = threading.Thread(target=call)
    thread.start()
    return thread


class TestGraceful:
    @pytest.mark.parametrize("backend", ["redis", "valkey", "fake"], indirect=True)
    def test_shutdown_waits_for_running_jobs_and_takes_no_more(
        self, make_queue: MakeQueue, backend: Any, gate: threading.Event
    ) -> None:
        queue, look = make_queue(backend), make_queue(backend)
        queue.process("email", 2, lambda job: gate.wait())
        jobs = queue.save_all([queue.create("email") for _ in range(5)])
        wait_until(lambda: queue.active_count() == 2)
        stopping = in_background(queue.shutdown)
        wait_until(lambda: queue.is_shut_down)
        more = look.create("email").save()
        assert look.active_count() == 2
        gate.set()
        stopping.join(10)
        assert look.complete() == [job.id for job in jobs[:2]]
        assert look.inactive() == [*(job.id for job in jobs[2:]), more.id]
        assert backend.client.llen(f"{backend.prefix}:email:jobs") == 4

    def test_shutdown_leaves_no_connection_behind(self, client: Any, redis_url: str) -> None:
        before = {connection["id"] for connection in client.client_list()}
        queue = kue.Queue(redis=redis_url)
        queue.process(["email", "pdf"], 3, lambda job: "done")
        heard: list[Any] = []
        queue.on("job complete", heard.append)
        queue.create("email", ttl=60_000).on("complete", heard.append).save()
        wait_until(lambda: len(heard) == 2)
        assert {connection["id"] for connection in client.client_list()} > before
        queue.shutdown()
        wait_until(lambda: {connection["id"] for connection in client.client_list()} == before)

    def test_shutdown_leaves_no_thread_of_a_handler_behind(self, queue: Any) -> None:
        async def coroutine(job: Any) -> None:
            await asyncio.sleep(0)

        before = set(threading.enumerate())
        queue.process("email", 8, lambda job: "done")
        queue.process("pdf", 8, coroutine)
        queue.save_all([queue.create(type) for type in ("email", "pdf") for _ in range(40)])
        wait_until(lambda: queue.complete_count() == 80)
        assert set(threading.enumerate()) > before
        queue.shutdown()
        wait_until(lambda: set(threading.enumerate()) <= before)

    def test_shutdown_writes_everything_that_was_reported(self, queue: Any, look: Any) -> None:
        started = threading.Event()

        @queue.process("email", 4)
        def work(job: Any) -> str:
            started.set()
            for n in range(100):
                job.log("line %d", n)
            return "done"

        jobs = queue.save_all([queue.create("email") for _ in range(4)])
        assert started.wait(10)
        wait_until(lambda: queue.active_count() + queue.complete_count() == 4)
        queue.shutdown()
        for job in jobs:
            assert Job.get_log(job.id, queue=look) == [f"line {n}" for n in range(100)]
            assert Job.get(job.id, queue=look).result == "done"

    def test_listeners_hear_the_last_events(self, queue: Any) -> None:
        heard: list[Any] = []
        started = threading.Barrier(5)
        queue.on("job complete", heard.append)
        queue.process("email", 4, lambda job: started.wait())
        jobs = queue.save_all([queue.create("email") for _ in range(4)])
        started.wait(10)
        queue.shutdown()
        assert sorted(heard) == [job.id for job in jobs]

    @pytest.mark.parametrize("round", range(5))
    def test_shutdown_in_the_middle_of_many_jobs_loses_none(
        self, queue: Any, look: Any, client: Any, round: int
    ) -> None:
        ran: list[int] = []
        queue.process("email", 4, lambda job: ran.append(job.id))
        queue.process("pdf", 2, lambda job: ran.append(job.id))
        queue.save_all([queue.create(type) for _ in range(300) for type in ("email", "pdf")])
        wait_until(lambda: len(ran) > 60 * round)
        queue.shutdown()
        assert look.active_count() == 0
        assert sorted(ran) == sorted(look.complete())
        for type in ("email", "pdf"):
            assert look.complete_count(type) + look.inactive_count(type) == 300
            assert client.llen(f"q:{type}:jobs") == look.inactive_count(type)

    def test_shutdown_of_a_queue_that_did_nothing_needs_no_redis(self) -> None:
        kue.Queue(redis="redis://127.0.0.1:1").shutdown()
        queue = kue.Queue(redis="redis://127.0.0.1:1").on("error", print)
        queue.shutdown(0)
        assert queue.health()["live"] is False


class TestDeadline:
    @pytest.mark.parametrize("kind", ["plain", "coroutine", "done"])
    @pytest.mark.parametrize("timeout", [0, 30])
    def test_a_job_that_still_runs_fails_with_shutdown(
        self, queue: Any, look: Any, gate: threading.Event, client: Any, kind: str, timeout: int
    ) -> None:
        async def coroutine(job: Any) -> None:
            await asyncio.Event().wait()

        handlers = {"plain": lambda job: gate.wait(), "coroutine": coroutine, "done": lambda job, done: None}
        heard: list[Any] = []
        look.on("job failed", lambda id, message: heard.append((id, message)))
        queue.process("email", 2, handlers[kind])
        jobs = queue.save_all([queue.create("email") for _ in range(3)])
        wait_until(lambda: queue.active_count() == 2)
        queue.shutdown(timeout)
        assert look.failed() == [jobs[0].id, jobs[1].id]
        assert look.active() == [] and look.inactive() == [jobs[2].id]
        found = Job.get(jobs[0].id, queue=look)
        assert (found.error(), found.attempts_made) == ("Shutdown", 1)
        assert client.llen("q:email:jobs") == 1
        wait_until(lambda: sorted(heard) == [(jobs[0].id, "Shutdown"), (jobs[1].id, "Shutdown")])

    def test_attempts_and_backoff_apply_to_a_job_that_fails_with_shutdown(
        self, queue: Any, look: Any, gate: threading.Event, client: Any
    ) -> None:
        queue.process("email", 2, lambda job: gate.wait())
        again = queue.create("email", attempts=2).save()
        later = queue.create("email", attempts=2, backoff={"type": "fixed", "delay": 60_000}).save()
        wait_until(lambda: queue.active_count() == 2)
        queue.shutdown(0)
        assert (look.inactive(), look.delayed(), look.failed()) == ([again.id], [later.id], [])
        assert Job.get(again.id, queue=look).attempts_made == 1
        assert client.llen("q:email:jobs") == 1

    @pytest.mark.parametrize("timeout", [0, 30])
    def test_a_requeued_job_goes_back_as_if_it_had_not_begun(
        self, queue: Any, look: Any, gate: threading.Event, client: Any, timeout: int
    ) -> None:
        queue.process("email", 2, lambda job: gate.wait())
        jobs = queue.save_all([queue.create("email", priority=p) for p in (-1, 0, 5)])
        wait_until(lambda: queue.active_count() == 2)
        queue.shutdown(timeout, requeue=True)
        assert look.inactive() == [job.id for job in jobs]
        found = Job.get(jobs[0].id, queue=look)
        assert (found.attempts_made, found.error(), found.priority()) == (0, None, -1)
        assert (found.requeues, Job.get_log(jobs[0].id, queue=look)) == (1, ["put back: its worker was shut down"])
        assert client.llen("q:email:jobs") == 3
        gate.set()
        look.process("email", lambda job: "done")
        wait_until(lambda: look.complete_count() == 3)

    def test_beyond_max_requeues_a_put_back_is_a_failed_attempt(
        self, make_queue: MakeQueue, look: Any, gate: threading.Event
    ) -> None:
        job = look.create("email", attempts=2).save()
        for requeues, attempts in ((1, 0), (1, 1), (1, 2)):  # put back, failed and tried again, failed for good
            queue = make_queue(max_requeues=1)
            queue.process("email", lambda job: gate.wait())
            wait_until(lambda: look.active_count() == 1)
            queue.shutdown(0, requeue=True)
            found = Job.get(job.id, queue=look)
            assert (found.requeues, found.attempts_made) == (requeues, attempts)
        too_often = "Shutdown: put back too often (max_requeues)"
        assert (found.state(), found.error()) == ("failed", too_often)
        assert Job.get_log(job.id, queue=look) == ["put back: its worker was shut down", too_often, too_often]

    def test_a_job_that_was_taken_too_late_goes_back(
        self, queue: Any, look: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("kue.worker.pool._LAST_TAKES_SECONDS", 0.0)
        queue.process("email", lambda job: "done")
        runner, group = queue._pool.fetcher, queue._pool.slots["email"]
        taken = runner._taken

        def late(take: Any, reply: Any) -> None:
            if len(reply) > 2:
                wait_until(lambda: group.closed)
            taken(take, reply)

        monkeypatch.setattr(runner, "_taken", late)
        job = queue.create("email").save()
        wait_until(lambda: queue.active_count() == 1)
        queue.shutdown(0)
        assert (look.inactive(), look.active(), look.failed()) == ([job.id], [], [])

    def test_what_a_stray_returns_later_changes_nothing(self, queue: Any, look: Any, gate: threading.Event) -> None:
        ended = threading.Event()

        def work(job: Any) -> str:
            gate.wait()
            ended.set()
            return "late"

        queue.process("email", work)
        job = queue.create("email").save()
        wait_until(lambda: queue.active_count() == 1)
        queue.shutdown(0)
        gate.set()
        assert ended.wait(10)
        assert Job.get(job.id, queue=look).result is None

    @pytest.mark.filterwarnings("error")
    def test_a_coroutine_that_a_stray_returns_later_is_not_left_unawaited(
        self, queue: Any, gate: threading.Event
    ) -> None:
        coroutines: list[Any] = []

        async def more() -> None: ...

        def work(job: Any) -> Any:
            gate.wait()
            coroutines.append(more())
            return coroutines[0]

        queue.process("email", work)
        queue.create("email").save()
        wait_until(lambda: queue.active_count() == 1)
        queue.shutdown(0)
        gate.set()
        wait_until(lambda: coroutines and inspect.getcoroutinestate(coroutines[0]) == inspect.CORO_CLOSED)

    def test_a_coroutine_does_not_begin_if_its_run_was_given_up_before(self, queue: Any, gate: threading.Event) -> None:
        coroutines: list[Any] = []
        ran: list[str] = []
        blocked = threading.Event()

        async def block(job: Any) -> None:
            blocked.set()
            gate.wait()  # so that the event loop begins nothing

        async def more() -> None:
            ran.append("more")

        def work(job: Any) -> Any:
            coroutines.append(more())
            return coroutines[0]

        queue.process("blocks", block)
        queue.process("email", work)
        queue.create("blocks").save()
        assert blocked.wait(10)
        job = queue.create("email").save()
        wait_until(lambda: coroutines)
        queue.shutdown(0, "email")
        gate.set()
        wait_until(lambda: inspect.getcoroutinestate(coroutines[0]) == inspect.CORO_CLOSED)
        assert ran == []
        wait_until(lambda: queue.failed() == [job.id])

    def test_a_run_that_ends_in_time_is_complete(self, queue: Any, look: Any, gate: threading.Event) -> None:
        queue.process("email", lambda job: gate.wait())
        job = queue.create("email").save()
        wait_until(lambda: queue.active_count() == 1)
        stopping = in_background(lambda: queue.shutdown(60_000))
        wait_until(lambda: queue.is_shut_down)
        gate.set()
        stopping.join(10)
        assert look.complete() == [job.id]
