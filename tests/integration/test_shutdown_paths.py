"""Shutdown from everywhere: from a handler, a listener, a callback, twice, at once; and what follows it."""

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

    def test_a_promise_whose_event_was_received_just_before_settles_with_it(
        self, make_queue: MakeQueue, client: Any, gate: threading.Event
    ) -> None:
        """Node's event does not say when its job was created. So the hash is read first, and that takes a while."""
        queue = make_queue(send=True)
        promise = queue.create("email").promise()
        hub = queue.runtime.hub
        hub._subscriber.fetch(gate.wait, lambda answer: None)
        client.publish("q:events", b'{"id":1,"event":"complete","args":["complete",5]}')
        wait_until(lambda: hub._screening.holds(promise))
        stopping = threading.Thread(target=queue.shutdown)
        stopping.start()
        assert promise.result(10) == 5
        gate.set()
        stopping.join(10)
