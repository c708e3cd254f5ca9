"""A run that takes longer than its ttl fails, its slot goes on, and what it reports afterwards is discarded."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

TTL = 30
LONG_TTL = 300


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds handlers, at most until the test is over."""
    gate = threading.Event()
    yield gate
    gate.set()


class TestPlainHandlers:
    @pytest.mark.parametrize("backend", ["redis", "valkey", "fake"], indirect=True)
    def test_a_run_past_its_ttl_fails_and_its_slot_goes_on(self, everywhere: Any, gate: threading.Event) -> None:
        heard: list[Any] = []

        @everywhere.process("email")
        def work(job: Any) -> str:
            if job.data.get("stuck"):
                gate.wait()
            return "done"

        stuck = everywhere.create("email", {"stuck": True}, ttl=TTL)
        for event in ("ttl exceeded", "error", "ttl exceeded ack", "failed", "complete"):
            stuck.on(event, lambda *args, event=event: heard.append((event, *args)))
        stuck.save()
        wait_until(lambda: everywhere.failed() == [stuck.id])
        after = everywhere.create("email").save()
        wait_until(lambda: everywhere.complete() == [after.id])

        wait_until(lambda: len(heard) == 4)
        assert heard == [
            ("ttl exceeded",),
            ("error", "TTL exceeded"),
            ("ttl exceeded ack",),
            ("failed", "TTL exceeded"),
        ]
        assert Job.get(stuck.id, queue=everywhere).error() == "TTL exceeded"
        health = everywhere.health()
        assert (health["slots"], health["active"], health["strays"]) == (1, 0, 1)
        gate.set()
        wait_until(lambda: everywhere.health()["strays"] == 0)
        assert everywhere.complete() == [after.id], "what the stray returned is dropped"

    def test_what_a_stray_raises_is_not_reported(
        self, queue: Any, gate: threading.Event, errors: list[BaseException], caplog: pytest.LogCaptureFixture
    ) -> None:
        def work(job: Any) -> None:
            gate.wait()
            raise ValueError("late")

        queue.process("email", work)
        job = queue.create("email", ttl=LONG_TTL).save()  # in which the handler certainly begins
        wait_until(lambda: queue.failed() == [job.id])
        wait_until(lambda: any("TTL exceeded" in message for message in caplog.messages))  # logged after the reply
        caplog.clear()
        gate.set()
        wait_until(lambda: queue.health()["strays"] == 0)
        queue.shutdown(5000)
        assert (errors, caplog.messages) == ([], [])

    def test_what_a_stray_reports_is_discarded(
        self, make_queue: MakeQueue, gate: threading.Event, errors: list[BaseException]
    ) -> None:
        queue, other = make_queue(), make_queue()
        over = threading.Event()

        @queue.process("email")
        def work(job: Any) -> str:
            assert not job.lost
            gate.wait()
            assert job.lost
            job.log("late").progress(1, 2).set("late", "yes")
            over.set()
            return "late"

        job = queue.create("email", ttl=LONG_TTL).save()  # in which the handler certainly begins
        wait_until(lambda: queue.failed() == [job.id])
        before = job.get_field("updated_at")
        gate.set()
        assert over.wait(10)
        wait_until(lambda: queue.health()["strays"] == 0)
        queue.shutdown()
        found = Job.get(job.id, queue=other)
        assert (found.state(), found.progress(), found.result) == ("failed", 0, None)
        assert (found.get_field("late"), found.get_field("updated_at")) == (None, before)
        assert Job.get_log(job.id, queue=other) == ["TTL exceeded"]
        assert [type(problem) for problem in errors] == [kue.JobLost]
        errors.clear()

    @pytest.mark.parametrize("change", ["update", "complete", "failed", "inactive", "remove"])
    def test_what_a_stray_changes_is_refused(self, queue: Any, gate: threading.Event, change: str) -> None:
        refused: list[BaseException] = []

        @queue.process("email")
        def work(job: Any) -> None:
            gate.wait()
            job.data = "late"
            try:
                getattr(job, change)()
            except kue.JobLost as problem:
                refused.append(problem)

        job = queue.create("email", "in time", ttl=TTL).save()
        wait_until(lambda: queue.failed() == [job.id])
        before = Job.get(job.id, queue=queue).to_json()
        gate.set()
        wait_until(lambda: len(refused) == 1)
        assert Job.get(job.id, queue=queue).to_json() == before

    def test_each_attempt_has_the_full_ttl(self, queue: Any, gate: threading.Event) -> None:
        made: list[int] = []

        @queue.process("email")
        def work(job: Any) -> str:
            made.append(job.attempts_made)
            if job.attempts_made < 2:
                gate.wait()
            return "done"

        job = queue.create("email", ttl=TTL, attempts=3).save()
        wait_until(lambda: queue.complete() == [job.id])
        assert made == [0, 1, 2]
        assert Job.get(job.id, queue=queue).attempts_made == 3
        assert queue.health()["strays"] == 2

    def test_a_handler_whose_thread_is_late_is_not_called_after_its_run_has_ended(
        self, queue: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its thread may be late, and then the run has no slot any more, and the next attempt may run already."""
        called: list[str] = []
        late: list[Any] = []
        queue.process("two", lambda job, done: called.append("two"))
        queue.process("three", lambda job, ctx, done: called.append("three"))
        threads = queue._pool.executor._threads
        with monkeypatch.context() as patch:
            patch.setattr(threads, "submit", late.append)
            jobs = [queue.create(type, ttl=TTL).save() for type in ("two", "three")]
            wait_until(lambda: sorted(queue.failed()) == [job.id for job in jobs])
            wait_until(lambda: all(worker.job is None for worker in queue.workers))
        for run in late:
            threads.submit(run)
        wait_until(lambda: not any(run.executing for run in late))
        assert len(late) == 2 and called == []

    def test_a_run_whose_done_is_never_called_fails(self, queue: Any) -> None:
        queue.process("email", lambda job, done: None)
        jobs = queue.save_all([queue.create("email", ttl=TTL) for _ in range(3)])
        wait_until(lambda: queue.failed() == [job.id for job in jobs])
        wait_until(lambda: queue.health()["strays"] == 0, message="its thread has returned")


class TestWhatCanBeCancelled:
    def test_a_coroutine_past_its_ttl_is_cancelled(self, queue: Any) -> None:
        ended: list[str] = []

        @queue.process("email")
        async def work(job: Any) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise
            finally:
                ended.append("cleaned up")

        job = queue.create("email", ttl=TTL).save()
        wait_until(lambda: queue.failed() == [job.id] and len(ended) == 2)
        assert ended == ["cancelled", "cleaned up"]
        assert Job.get(job.id, queue=queue).error() == "TTL exceeded"

    def test_a_cancelled_coroutine_that_goes_on_changes_nothing(self, make_queue: MakeQueue) -> None:
        queue, other = make_queue(), make_queue()
        ended: list[str] = []

        @queue.process("email")
        async def work(job: Any) -> str:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ended.append("not yet")
            return "late"

        job = queue.create("email", ttl=TTL).save()
        wait_until(lambda: queue.failed() == [job.id] and ended == ["not yet"])
        queue.shutdown()
        assert Job.get(job.id, queue=other).result is None

    def test_a_returned_future_past_its_ttl_is_cancelled(self, queue: Any) -> None:
        future: Future[None] = Future()
        queue.process("email", lambda job: future)
        job = queue.create("email", ttl=TTL).save()
        wait_until(lambda: queue.failed() == [job.id])
        wait_until(future.cancelled)


class TestDeadline:
    def test_progress_extends_the_ttl(self, queue: Any) -> None:
        @queue.process("email")
        def work(job: Any) -> str:
            end = time.monotonic() + 1.5 * LONG_TTL / 1000
            wait_until(lambda: job.progress(1, 2) and time.monotonic() > end)
            return "done"

        job = queue.create("email", ttl=LONG_TTL).save()
        wait_until(lambda: queue.complete() == [job.id])

    def test_an_update_extends_the_ttl(self, queue: Any) -> None:
        @queue.process("email")
        def work(job: Any) -> str:
            job.ttl(600_000).update()
            end = time.monotonic() + 1.5 * LONG_TTL / 1000
            wait_until(lambda: time.monotonic() > end)
            return "done"

        job = queue.create("email", ttl=LONG_TTL).save()
        wait_until(lambda: queue.complete() == [job.id])

    def test_a_log_line_does_not_extend_the_ttl(self, queue: Any, gate: threading.Event) -> None:
        queue.process("email", lambda job: job.log("still here") and gate.wait())
        job = queue.create("email", ttl=TTL).save()
        wait_until(lambda: queue.failed() == [job.id])

    def test_other_processes_see_the_deadline_a_few_seconds_later(
        self, queue: Any, client: Any, gate: threading.Event
    ) -> None:
        queue.process("email", lambda job: gate.wait())
        job = queue.create("email", ttl=60_000).save()
        wait_until(lambda: queue.active() == [job.id])
        started = int(job.get_field("started_at"))
        assert client.zscore("q:jobs:active", "01|1") == started + 60_000 + 5000

    def test_a_run_in_time_publishes_nothing_about_its_ttl(self, queue: Any) -> None:
        heard: list[Any] = []
        queue.on("job ttl exceeded", heard.append)
        queue.process("email", 5, lambda job: "done")
        queue.save_all([queue.create("email", ttl=60_000) for _ in range(50)])
        wait_until(lambda: queue.complete_count() == 50)
        assert heard == []

    def test_a_checker_that_finds_a_run_which_has_just_ended_is_acknowledged(self, queue: Any, client: Any) -> None:
        """Node's checker announces what was active a moment ago, and would fail another job for a missing ack."""
        heard: dict[str, list[int]] = {event: [] for event in ("start", "complete", "ttl exceeded", "ttl exceeded ack")}
        for event, ids in heard.items():
            queue.on(f"job {event}", lambda id, *args, ids=ids: ids.append(id))
        # A run past its deadline began long ago: its start was received before its end.
        queue.process("email", lambda job: wait_until(lambda: heard["start"] == [job.id]))
        job = queue.create("email", ttl=60_000).save()
        wait_until(lambda: heard["complete"] == [job.id])
        client.publish("q:events", b'{"id":%d,"event":"ttl exceeded","args":["ttl exceeded",null]}' % job.id)
        wait_until(lambda: heard["ttl exceeded ack"] == [job.id])
        assert heard["ttl exceeded"] == [job.id]
        assert (queue.complete(), queue.failed()) == ([job.id], [])

    def test_a_late_announcement_of_an_earlier_run_does_not_end_the_present_one(
        self, queue: Any, client: Any, gate: threading.Event
    ) -> None:
        began = threading.Event()
        queue.on("job start", lambda id: began.set())
        queue.process("email", lambda job: gate.wait())
        job = queue.create("email", ttl=60_000).save()
        assert began.wait(10)
        client.config_resetstat()
        client.publish("q:events", b'{"id":%d,"event":"ttl exceeded","args":["ttl exceeded",null]}' % job.id)
        wait_until(lambda: "cmdstat_zscore" in client.info("commandstats"), message="its deadline was looked up")
        queue._pool.loop.answers.settle_down(10)
        gate.set()
        wait_until(lambda: queue.complete() == [job.id])
