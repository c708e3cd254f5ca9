"""Shutdown from everywhere: by type, from a handler, a listener, a callback, twice, at once; and what follows it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import keyspace, wait_until
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


def over(queue: Any) -> bool:
    """Whether a shutdown that goes on in the background has ended. Of `look` only its idle connections may be left."""
    names = [thread.name for thread in threading.enumerate() if thread.name.startswith("kue-")]
    return queue.is_shut_down and not queue.health()["running"] and names in ([], ["kue-idle"])


class TestByType:
    def test_a_shutdown_by_type_stops_only_its_workers(self, queue: Any, gate: threading.Event) -> None:
        queue.process("email", 2, lambda job: gate.wait())
        queue.process("pdf", lambda job: "done")
        emails = queue.save_all([queue.create("email") for _ in range(3)])
        wait_until(lambda: queue.active_count() == 2)
        stopping = threading.Thread(target=lambda: queue.shutdown(None, "email"))
        stopping.start()
        queue.create("pdf").save()
        wait_until(lambda: queue.complete_count("pdf") == 1)
        gate.set()
        stopping.join(10)
        assert queue.complete_count("email") == 2
        assert queue.inactive() == [emails[2].id]
        queue.create("pdf").save()
        wait_until(lambda: queue.complete_count("pdf") == 2)
        assert queue.health()["ready"] and not queue.is_shut_down

    @pytest.mark.parametrize("requeue", [False, True])
    def test_a_shutdown_by_type_ends_its_jobs_at_the_deadline(
        self, queue: Any, client: Any, gate: threading.Event, requeue: bool
    ) -> None:
        queue.process(["email", "pdf"], lambda job: gate.wait())
        email, pdf = queue.create("email").save(), queue.create("pdf").save()
        wait_until(lambda: queue.active_count() == 2)
        queue.shutdown(0, "email", requeue=requeue)
        wait_until(lambda: (queue.inactive() if requeue else queue.failed()) == [email.id])
        assert queue.active() == [pdf.id]
        wait_until(lambda: client.llen("q:email:jobs") == int(requeue))

    def test_a_type_that_was_shut_down_can_be_processed_again(self, queue: Any) -> None:
        queue.process("email", lambda job: "old")
        queue.shutdown(None, "email")
        job = queue.create("email").save()
        queue.process("email", lambda job: "new")
        wait_until(lambda: queue.complete() == [job.id])

    def test_the_slots_of_a_type_that_was_shut_down_are_gone(self, queue: Any) -> None:
        ran: list[str] = []
        queue.process("email", 2, lambda job: ran.append("before"))
        queue.process("pdf", lambda job: None)
        slots = [slot for slot in queue.workers if slot.type == "email"]
        queue.shutdown(5000, "email")
        assert [slot.type for slot in queue.workers] == ["pdf"]
        assert not any(slot.running for slot in slots) and queue.health()["slots"] == 1
        queue.process("email", 2, lambda job: ran.append("after"))
        queue.save_all([queue.create("email") for _ in range(20)])
        wait_until(lambda: len(ran) == 20)
        assert set(ran) == {"after"}

    def test_no_job_is_taken_for_a_slot_of_a_type_that_was_shut_down(self, queue: Any, gate: threading.Event) -> None:
        queue.process("email", 3, lambda job: gate.wait())
        queue.shutdown(5000, "email")
        queue.process("email", 1, lambda job: gate.wait())
        queue.process("pdf", lambda job: None)
        jobs = queue.save_all([queue.create("email") for _ in range(3)])
        wait_until(lambda: jobs[0].id in queue.active())
        for n in range(1, 4):  # in each of these rounds it could take another
            queue.create("pdf").save()
            wait_until(lambda n=n: queue.complete_count("pdf") == n)
        assert queue.active() == [jobs[0].id]
        gate.set()
        wait_until(lambda: queue.complete_count("email") == 3)
        assert [Job.get(job.id, queue=queue).requeues for job in jobs] == [0, 0, 0]

    def test_a_shutdown_by_type_loses_no_token(self, queue: Any, client: Any) -> None:
        ran: list[int] = []
        queue.process(["email", "pdf"], 3, lambda job: ran.append(job.id))
        queue.save_all([queue.create("email") for _ in range(500)])
        wait_until(lambda: len(ran) > 50)
        queue.shutdown(None, "email")
        assert queue.active_count() == 0
        wait_until(lambda: client.llen("q:email:jobs") == queue.inactive_count())
        assert queue.inactive_count() + queue.complete_count() == 500

    def test_shutdowns_of_two_types_at_once_return_each_when_its_jobs_have_ended(self, queue: Any) -> None:
        gates = {type: threading.Event() for type in ("email", "pdf")}
        queue.process([*gates], lambda job: gates[job.type].wait(30))
        queue.save_all([queue.create(type) for type in gates])
        wait_until(lambda: queue.active_count() == 2)
        stopping = [threading.Thread(target=queue.shutdown, args=(20_000, type)) for type in gates]
        for thread in stopping:
            thread.start()
        wait_until(lambda: queue._pool._drains == 2)
        for gate, thread in zip(gates.values(), stopping, strict=True):
            gate.set()
            thread.join(10)
        assert [thread.is_alive() for thread in stopping] == [False, False]
        assert queue.complete_count() == 2

    @pytest.mark.parametrize("works", [True, False])
    def test_a_shutdown_of_a_type_that_is_not_processed_is_no_error(self, queue: Any, works: bool) -> None:
        if works:
            queue.process("email", lambda job: None)
        queue.shutdown(10, "sms")
        assert not queue.is_shut_down
        queue.process("sms", lambda job: "done")
        job = queue.create("sms").save()
        wait_until(lambda: queue.complete() == [job.id])

    @pytest.mark.parametrize("type", ["", 7])
    def test_a_shutdown_of_a_type_that_is_none_is_refused(self, queue: Any, type: Any) -> None:
        queue.process("email", lambda job: None)
        with pytest.raises(kue.InvalidOption, match="type"):
            queue.shutdown(None, type)
        assert not queue.is_shut_down


class TestFromInside:
    @pytest.mark.parametrize("kind", ["plain", "coroutine", "done"])
    def test_a_handler_may_shut_its_queue_down(self, queue: Any, look: Any, kind: str) -> None:
        """It returns at once, since it would wait for the very handler that calls it."""

        def plain(job: Any) -> str:
            queue.shutdown()
            return "done"

        async def coroutine(job: Any) -> str:
            queue.shutdown()
            await asyncio.sleep(0)
            return "done"

        def with_done(job: Any, done: Any) -> None:
            queue.shutdown()
            done(None, "done")

        queue.process("email", {"plain": plain, "coroutine": coroutine, "done": with_done}[kind])
        jobs = queue.save_all([queue.create("email") for _ in range(2)])
        wait_until(lambda: over(queue))
        assert Job.get(jobs[0].id, queue=look).result == "done"
        assert (look.inactive(), look.active()) == ([jobs[1].id], [])

    def test_a_handler_may_shut_its_queue_down_with_a_deadline_for_itself(
        self, queue: Any, look: Any, gate: threading.Event
    ) -> None:
        def work(job: Any) -> None:
            queue.shutdown(0)
            gate.wait()

        queue.process("email", work)
        job = queue.create("email").save()
        wait_until(lambda: look.failed() == [job.id])
        gate.set()
        wait_until(lambda: over(queue))

    def test_a_listener_of_the_queue_may_shut_it_down(self, queue: Any, look: Any) -> None:
        returned = threading.Event()
        queue.on("job complete", lambda: (queue.shutdown(), returned.set()))
        queue.process("email", lambda job: "done")
        queue.save_all([queue.create("email") for _ in range(50)])
        assert returned.wait(10)
        wait_until(lambda: over(queue))
        assert look.active() == [] and look.complete_count() + look.inactive_count() == 50

    def test_a_listener_of_a_job_may_shut_the_queue_down(self, queue: Any, look: Any) -> None:
        queue.process("email", lambda job: "done")
        queue.create("email").on("complete", lambda result: queue.shutdown()).save()
        wait_until(lambda: over(queue))
        assert look.complete_count() == 1

    def test_a_callback_of_a_promise_may_shut_the_queue_down(self, make_queue: MakeQueue) -> None:
        queue, gate = make_queue(send=True), threading.Event()
        queue.process("email", lambda job: gate.wait() and "done")
        promise = queue.create("email").promise()
        promise.add_done_callback(lambda promise: queue.shutdown())
        gate.set()
        assert promise.result(10) == "done"
        wait_until(lambda: over(queue))


class TestTwice:
    @pytest.mark.parametrize("used_before", [False, True])
    def test_after_the_shutdown_there_is_no_client(self, queue: Any, used_before: bool) -> None:
        seen: list[Any] = []

        @queue.process("email")
        def handle(job: Any) -> None:
            wait_until(lambda: queue.is_shut_down)
            seen.append(queue.client.ping())  # the shutdown waits for the handler

        if used_before:
            queue.client.ping()
        queue.create("email").save()
        wait_until(lambda: queue.health()["active"] == 1)
        queue.shutdown(5000)
        assert seen == [True]
        with pytest.raises(kue.ShutdownInProgress, match="make another"):
            _ = queue.client

    def test_a_second_shutdown_is_refused(self, queue: Any) -> None:
        queue.process("email", lambda job: None)
        queue.shutdown()
        for again in (queue.shutdown, queue.close):
            with pytest.raises(kue.ShutdownInProgress, match="already"):
                again()

    def test_exactly_one_of_many_shutdowns_at_once_is_carried_out(self, queue: Any) -> None:
        queue.process("email", lambda job: None)
        refused: list[Exception] = []
        together = threading.Barrier(8)

        def shut_down() -> None:
            together.wait()
            try:
                queue.shutdown()
            except kue.ShutdownInProgress as problem:
                refused.append(problem)

        threads = [threading.Thread(target=shut_down) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(refused) == 7

    def test_a_refused_timeout_shuts_nothing_down(self, queue: Any) -> None:
        queue.process("email", lambda job: "done")
        for timeout in (-1, "soon", float("nan"), True):
            with pytest.raises(kue.InvalidOption, match="timeout"):
                queue.shutdown(timeout)
        job = queue.create("email").save()
        wait_until(lambda: queue.complete() == [job.id])


class TestAfterwards:
    AFTER: "list[tuple[str, Callable[[Any, Any], Any]]]" = [  # noqa: RUF012
        ("save", lambda queue, job: queue.create("email").save()),
        ("save with a listener", lambda queue, job: queue.create("email").on("complete", print).save()),
        ("promise", lambda queue, job: queue.create("email").promise()),
        ("promise of a saved job", lambda queue, job: job.promise()),
        ("save_all", lambda queue, job: queue.save_all([queue.create("email")])),
        ("process", lambda queue, job: queue.process("email", lambda job: None)),
        ("watch_stuck_jobs", lambda queue, job: queue.watch_stuck_jobs()),
        ("on", lambda queue, job: queue.on("job complete", print)),
        ("job.on", lambda queue, job: job.on("complete", print)),
        ("get", lambda queue, job: Job.get(1, queue=queue)),
        ("count", lambda queue, job: queue.inactive_count()),
        ("update", lambda queue, job: job.update()),
    ]

    @pytest.mark.parametrize(("what", "call"), AFTER, ids=[what for what, _ in AFTER])
    @pytest.mark.parametrize("used", [False, True])
    def test_a_queue_that_was_shut_down_takes_no_calls(
        self, make_queue: MakeQueue, client: Any, what: str, call: Callable[[Any, Any], Any], used: bool
    ) -> None:
        queue = make_queue(send=True)
        job = queue.create("email").save()
        if used:
            queue.process("email", lambda job: None)
            queue.on("job start", lambda: None)
            wait_until(lambda: queue.complete_count() == 1)
        queue.shutdown()
        before = keyspace(client)
        with pytest.raises(kue.KueError) as caught:
            call(queue, job)
        shut_down = caught.value.__cause__ if what == "save_all" else caught.value
        assert isinstance(shut_down, kue.ShutdownInProgress) and "shut down" in str(shut_down)
        assert keyspace(client) == before

    @pytest.mark.parametrize("backend", ["redis", "fake"], indirect=True)
    def test_a_promise_that_cannot_settle_any_more_raises(self, make_queue: MakeQueue, backend: Any) -> None:
        queue = make_queue(backend, send=True)
        promises = [queue.create("email").promise(), queue.create("email").promise(timeout=60_000)]
        called: list[Any] = []
        promises[0].add_done_callback(called.append)
        queue.shutdown()
        for promise in promises:
            with pytest.raises(kue.ShutdownInProgress, match=f"job {promise.job.id} settled; the job itself goes on"):
                promise.result(10)
        assert called == promises[:1]
