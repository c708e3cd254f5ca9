"""A promise settles even if the event was lost; waiting for one where that would deadlock is an error."""

import concurrent.futures
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import kue
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue
from tests.integration.deafness import deaf

WAIT_SECONDS = 30  # at most, of handlers: a fault fails a test, and does not hang it


@pytest.fixture
def queue(make_queue: MakeQueue) -> Any:
    """A queue of kue_send at the shared Redis."""
    return make_queue(send=True)


@pytest.fixture
def worker(make_queue: MakeQueue) -> Any:
    """Another queue, whose handler does to a job what its data says, once `go` is set."""
    worker = make_queue(send=True)
    worker.go = threading.Event()

    @worker.process("email", 20)
    def work(job: Any) -> Any:
        worker.go.wait(WAIT_SECONDS)
        if job.data == "fail":
            raise ValueError("boom")
        if job.data == "send":
            job.send("result", {"sent": True})
        return "returned"

    yield worker
    worker.go.set()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds handlers, at most until the test is over."""
    gate = threading.Event()
    yield gate
    gate.set()


class TestLostWhileDeaf:
    def test_outcomes_are_read_once_the_subscription_stands_again(
        self, queue: Any, worker: Any, client: Any, errors: list[BaseException], early_second_look: None
    ) -> None:
        make = {
            "complete": queue.create("email", "complete"),
            "fail": queue.create("email", "fail"),
            "retry": queue.create("email", "fail", attempts=3),
            "send": queue.create("email", "send"),
            "send and gone": queue.create("email", "send", remove_on_complete=True),
            "gone": queue.create("email", "complete", remove_on_complete=True),
            "fail and gone": queue.create("email", "fail", remove_on_fail=True),
            "removed": queue.create("pdf"),
            "waiting": queue.create("pdf"),
        }
        promises = {name: job.promise() for name, job in make.items()}
        wait_until(lambda: worker.active_count() == 7)
        with deaf(queue, client, errors):
            worker.go.set()
            promises["removed"].job.remove()
            wait_until(lambda: (worker.complete_count(), worker.failed_count(), worker.active_count()) == (2, 2, 0))

        assert promises["complete"].result(10) == "returned"
        assert promises["send"].result(10) == {"sent": True}
        for name in ("fail", "retry"):
            with pytest.raises(kue.JobFailed, match="boom") as failed:
                promises[name].result(10)
            assert failed.value.stack.startswith("ValueError: boom\n")
        for name in ("gone", "send and gone", "fail and gone"):
            with pytest.raises(kue.JobRemoved, match="outcome is unknown: it may have ended") as removed:
                promises[name].result(10)
            assert removed.value.outcome_unknown
        with pytest.raises(kue.JobRemoved, match="was removed before it finished"):
            promises["removed"].result(10)
        assert not promises["waiting"].done()
        promises["waiting"].cancel()

    def test_a_result_that_was_sent_is_read_while_the_job_still_runs(
        self, queue: Any, make_queue: MakeQueue, client: Any, gate: threading.Event, errors: list[BaseException]
    ) -> None:
        go = threading.Event()

        def work(job: Any) -> None:
            go.wait(WAIT_SECONDS)
            job.send("result", [1])
            gate.wait(WAIT_SECONDS)

        other = make_queue(send=True)
        other.process("email", work)
        promise = queue.create("email").promise()
        wait_until(lambda: other.active_count() == 1)
        with deaf(queue, client, errors):
            go.set()
            wait_until(lambda: promise.job.get_field("py_sent") == "[1]")
        assert promise.result(10) == [1]
        assert other.active_count() == 1

    def test_a_timeout_comes_while_deaf(self, queue: Any, client: Any, errors: list[BaseException]) -> None:
        for timeout in (200, 1000, 5000):  # on a busy machine it may be over before the queue is deaf
            promise = queue.create("email").promise(timeout)
            with deaf(queue, client, errors):
                came_while_deaf = not promise.done()
                with pytest.raises(kue.PromiseTimeout):
                    promise.result(10)
            if came_while_deaf:
                break
        assert came_while_deaf


class TestLostWithoutAReconnect:
    """A job changes its state without an event, and the connection stands."""

    @pytest.fixture(autouse=True)
    def asked_often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("kue.events.resync.CHECK_EVERY_SECONDS", 0.02)

    def test_a_promise_of_a_completed_job_resolves(self, queue: Any) -> None:
        promise = queue.create("email").promise()
        promise.job.complete()
        assert promise.result(10) is None

    def test_a_promise_of_a_job_that_stays_failed_raises(self, queue: Any, early_second_look: None) -> None:
        promise = queue.create("email").promise()
        promise.job.set("error", "Error: boom\n at x").failed()
        with pytest.raises(kue.JobFailed, match="boom"):
            promise.result(10)

    def test_a_promise_of_a_job_that_passes_through_failed_as_in_node_waits(self, queue: Any) -> None:
        promise = queue.create("email").promise()
        promise.job.failed()
        wait_until(lambda: queue.runtime.hub._resync._found_first)
        promise.job.inactive()
        queue.process("email", lambda job: "after all")
        assert promise.result(10) == "after all"

    @pytest.mark.parametrize("end", ["complete", "failed"])
    def test_a_promise_of_the_next_run_of_a_job_that_had_ended_waits_for_it(self, queue: Any, end: str) -> None:
        job = queue.create("email").save()
        job.send("result", "of the first run")
        getattr(job, end)()
        job.inactive()
        promise = job.promise()
        with pytest.raises(TimeoutError):
            promise.result(0.2)
        queue.process("email", lambda job: job.send("result", "of the second"))
        assert promise.result(10) == "of the second"

    def test_a_result_that_an_attempt_sent_before_it_failed_counts(self, queue: Any) -> None:
        @queue.process("email")
        def work(job: Any) -> None:
            job.send("result", [1])
            raise ValueError("boom")

        job = queue.create("email", attempts=2, backoff={"type": "fixed", "delay": 60_000}).save()
        wait_until(lambda: queue.delayed() == [1])
        assert job.promise().result(10) == [1]

    def test_a_promise_of_a_job_that_vanished_raises(self, queue: Any, client: Any) -> None:
        promise = queue.create("email").promise()
        client.delete("q:job:1")
        with pytest.raises(kue.JobRemoved):
            promise.result(10)

    def test_outcomes_of_many_jobs_are_read(self, queue: Any, client: Any) -> None:
        jobs = queue.save_all([queue.create("email") for _ in range(700)])
        promises = [job.promise() for job in jobs]
        pipeline = client.pipeline(transaction=False)
        for job in jobs:
            pipeline.hset(f"q:job:{job.id}", mapping={"state": "complete", "result": str(job.id)})
        pipeline.execute()
        assert [promise.result(10) for promise in promises] == [job.id for job in jobs]


class TestWhereAPromiseMayBeWaitedFor:
    def test_a_listener_may_wait_for_a_promise(self, queue: Any) -> None:
        queue.process("email", 2, lambda job: job.data)
        got: list[Any] = []
        queue.on("job complete", lambda id: id == 1 and got.append(queue.create("email", "inner").promise().result(10)))
        queue.create("email", "outer").save()
        wait_until(lambda: got == ["inner"])

    def test_a_done_callback_may_not_wait_for_a_promise(
        self, queue: Any, gate: threading.Event, errors: list[BaseException]
    ) -> None:
        queue.process("email", 2, lambda job: gate.wait(WAIT_SECONDS) and job.data)
        caught: list[BaseException] = []

        def waits(promise: Any) -> None:
            for wait in (
                lambda one: one.result(1),
                lambda one: one.exception(1),
                lambda one: concurrent.futures.wait([one], 1),
                lambda one: list(concurrent.futures.as_completed([one], 1)),
            ):
                try:
                    wait(queue.create("pdf").promise())
                except kue.WouldDeadlock as problem:
                    caught.append(problem)

        promise = queue.create("email", "outer").promise()
        promise.add_done_callback(waits)
        gate.set()
        wait_until(lambda: len(caught) == len(errors) == 4)
        assert errors == caught and "done-callback" in str(caught[0])
        errors.clear()
        assert queue.create("email", "still heard").promise().result(10) == "still heard"

    def test_a_done_callback_may_ask_a_settled_promise(self, queue: Any, gate: threading.Event) -> None:
        queue.process("email", lambda job: (job.data == 1 or gate.wait(WAIT_SECONDS)) and job.data)
        first = queue.create("email", 1).promise()
        assert first.result(10) == 1
        got: list[Any] = []
        second = queue.create("email", 2).promise()
        second.add_done_callback(lambda promise: got.append((first.result(), promise.result())))
        gate.set()
        wait_until(lambda: got == [(1, 2)])

    def test_a_done_callback_may_make_the_next_promise(self, queue: Any, gate: threading.Event) -> None:
        queue.process("email", lambda job: gate.wait(WAIT_SECONDS) and job.data)
        got: list[int] = []

        def chain(promise: Any) -> None:
            got.append(promise.result())
            if got[-1] < 20:
                queue.create("email", got[-1] + 1).promise().add_done_callback(chain)

        queue.create("email", 1).promise().add_done_callback(chain)
        gate.set()
        wait_until(lambda: got == list(range(1, 21)))

    @pytest.mark.parametrize("problem", [ValueError("boom"), SystemExit("boom"), KeyboardInterrupt("boom")], ids=repr)
    def test_the_other_done_callbacks_run_if_one_raises(
        self, queue: Any, gate: threading.Event, caplog: pytest.LogCaptureFixture, problem: BaseException
    ) -> None:
        def raises(promise: Any) -> None:
            raise problem

        queue.process("email", lambda job: gate.wait(WAIT_SECONDS) and "done")
        promise, called = queue.create("email").promise(), threading.Event()
        promise.add_done_callback(raises)
        promise.add_done_callback(lambda promise: called.set())
        gate.set()
        assert promise.result(10) == "done" and called.wait(10)
        assert queue.create("email").promise().result(10) == "done"
        assert "boom" in caplog.text


def test_a_result_that_was_sent_before_the_promise_was_made_counts_though_the_job_ends_first(
    queue: Any, make_queue: MakeQueue
) -> None:
    """The promise receives the event of the end before its first look at the job was answered."""
    gate, answered = threading.Event(), threading.Event()

    def work(job: Any) -> str:
        job.send("result", "sent")
        gate.wait(10)
        return "returned"

    make_queue(send=True).process("pdf", work)
    job = queue.create("pdf").save()
    wait_until(lambda: job.get_field("py_sent"))
    hub = queue.runtime.hub
    hub.listen()
    hub._subscriber.fetch(lambda: answered.wait(10), lambda answer: None)  # what is asked waits behind it
    promise = job.promise()
    gate.set()
    wait_until(lambda: promise.done() or hub._screening.holds(promise))
    answered.set()
    assert promise.result(10) == "sent"
