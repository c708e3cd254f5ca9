"""`promise.job`: once the promise has settled, it is the job as Redis had it then."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

import kue
import kue_send
from kue.events import rereading
from kue_send import promise as kue_promise
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is read however busy the machine is; the product gives up after a second, or a tenth past a timeout."""
    monkeypatch.setattr(rereading, "MAX_SECONDS", 60)
    monkeypatch.setattr(kue_promise, "_MAX_SECONDS_PAST_TIMEOUT", 60)


@pytest.fixture
def queue(make_queue: MakeQueue) -> Any:
    return make_queue(send=True)


def hold_reading(
    queue: Any, monkeypatch: pytest.MonkeyPatch, answer: Callable[[Any], Any]
) -> tuple[threading.Event, threading.Event]:
    """Have each reading of jobs wait, and then give `answer` of their ids.

    Returns two events: one that says that a reading has begun, and the gate that lets it go on.
    """
    asked, gate = threading.Event(), threading.Event()

    def held(ids: Any) -> Any:
        asked.set()
        gate.wait()
        return answer(ids)

    monkeypatch.setattr(queue.runtime.store, "known_fields", held)
    return asked, gate


def test_the_job_of_a_promise_shows_how_it_ended(make_queue: MakeQueue, backend: Any) -> None:
    queue = make_queue(backend, send=True)
    queue.process("email", lambda job, done: done(job.data.get("err"), {"pages": 12}))
    job = queue.create("email")
    good, bad = job.promise(), queue.create("email", {"err": "boom"}).promise()
    assert good.result(10) == {"pages": 12}
    assert (good.job.id, good.job.state(), good.job.result) == (1, "complete", {"pages": 12})
    assert type(good.job) is kue_send.Job
    assert good.job.worker_id is not None and good.job.duration is not None
    assert isinstance(bad.exception(10), kue.JobFailed)
    assert (bad.job.state(), bad.job.error(), bad.job.attempts_made) == ("failed", "boom", 1)
    assert good.job is not job and job.state() == "inactive"


def test_a_callback_finds_the_job_as_it_is_then(queue: Any) -> None:
    seen: list[Any] = []
    queue.process("email", lambda job: 5)
    promise = queue.create("email").promise()
    promise.add_done_callback(lambda done: seen.append((done.job.state(), done.job.result)))
    assert promise.result(10) == 5
    wait_until(lambda: seen)
    assert seen == [("complete", 5)]


def test_a_result_that_was_sent_early_leaves_the_job_active(queue: Any) -> None:
    gate = threading.Event()

    @queue.process("email")
    def work(job: Any) -> None:
        job.send("result", 1)
        gate.wait()

    promise = queue.create("email").promise()
    assert (promise.result(10), promise.job.state()) == (1, "active")
    gate.set()


def test_a_job_that_ended_before_its_promise_was_made_is_read_as_well(queue: Any) -> None:
    queue.process("email", lambda job: 5)
    job = queue.create("email").save()
    wait_until(lambda: queue.complete() == [1])
    promise = job.promise()
    assert (promise.result(10), promise.job.state()) == (5, "complete")


def test_a_job_that_is_gone_stays_the_object_that_it_was(queue: Any) -> None:
    queue.process("email", lambda job: 5)
    job = queue.create("email", remove_on_complete=True)
    promise = job.promise()
    assert promise.result(10) == 5 and promise.job is job


def test_another_job_of_the_same_number_is_not_taken_for_it(queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = queue.runtime.store.known_fields

    def of_another_job(ids: Any) -> Any:
        return [found._replace(created_at=b"5", data=b'"other"') for found in hashes(ids)]

    monkeypatch.setattr(queue.runtime.store, "known_fields", of_another_job)
    queue.process("email", lambda job: 5)
    job = queue.create("email")
    promise = job.promise()
    assert promise.result(10) == 5 and promise.job is job


def test_a_redis_that_does_not_answer_delays_a_promise_by_a_second_at_most(
    queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rereading, "MAX_SECONDS", 0.05)
    asked, gate = threading.Event(), threading.Event()

    def silent(ids: Any) -> Any:
        asked.set()
        gate.wait()
        return [None] * len(ids)

    queue.process("email", lambda job: 5)
    job = queue.create("email")
    monkeypatch.setattr(queue.runtime.store, "known_fields", silent)
    promise = job.promise()
    assert promise.result(10) == 5 and promise.job is job and asked.is_set()
    gate.set()


def test_a_connection_that_breaks_once_keeps_no_promise_from_its_job(
    queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes, failures = queue.runtime.store.known_fields, [kue.ConnectionFailed("it broke")]

    def breaks_once(ids: Any) -> Any:
        if failures:
            raise failures.pop()
        return hashes(ids)

    monkeypatch.setattr(queue.runtime.store, "known_fields", breaks_once)
    queue.process("email", lambda job: 5)
    promise = queue.create("email").promise()
    assert (promise.result(10), promise.job.state(), failures) == (5, "complete", [])


def test_the_job_of_a_promise_that_timed_out_shows_how_far_it_has_come(make_queue: MakeQueue, backend: Any) -> None:
    queue = make_queue(backend, send=True)
    seen: list[Any] = []
    job = queue.create("email").save()
    kue_send.Job.get(job.id, queue=queue).delay(60_000).delayed()
    promise = job.promise(timeout=50)
    promise.add_done_callback(lambda done: seen.append(done.job.state()))
    assert isinstance(promise.exception(10), kue.PromiseTimeout)
    assert (promise.job.state(), promise.job.delay()) == ("delayed", 60_000)
    assert job.state() == "inactive" and promise.job is not job
    wait_until(lambda: seen)
    assert seen == ["delayed"]


def test_a_redis_that_does_not_answer_hardly_delays_a_timeout(queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kue_promise, "_MAX_SECONDS_PAST_TIMEOUT", 0.1)
    gate = threading.Event()
    job = queue.create("email").save()
    monkeypatch.setattr(queue.runtime.store, "known_fields", lambda ids: gate.wait() and [None] * len(ids))
    promise = job.promise(timeout=50)
    assert isinstance(promise.exception(10), kue.PromiseTimeout) and promise.job is job
    gate.set()


def test_a_shutdown_leaves_a_promise_the_job_that_it_had(queue: Any) -> None:
    job = queue.create("email")
    promise = job.promise()
    queue.shutdown(1000)
    assert isinstance(promise.exception(0), kue.ShutdownInProgress) and promise.job is job


def test_a_timeout_during_the_reading_settles_with_the_outcome(queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, gate = hold_reading(queue, monkeypatch, lambda ids: [None] * len(ids))
    queue.process("email", lambda job: 5)
    promise = queue.create("email").promise(timeout=60_000)
    assert asked.wait(10)
    queue.runtime.hub.call_later(0, promise._timed_out)  # as the timer of the promise does
    assert promise.result(10) == 5
    gate.set()


def test_a_promise_that_is_cancelled_during_the_reading_stays_cancelled(
    queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, gate = hold_reading(queue, monkeypatch, queue.runtime.store.known_fields)
    queue.process("email", lambda job: 5)
    job = queue.create("email")
    promise = job.promise()
    assert asked.wait(10) and promise.cancel()
    gate.set()
    monkeypatch.undo()
    assert queue.create("email").promise().result(10) == 5
    assert promise.cancelled() and promise.job is job


def test_a_shutdown_during_the_reading_settles_with_the_outcome(queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, gate = hold_reading(queue, monkeypatch, lambda ids: [None] * len(ids))
    queue.process("email", lambda job: 5)
    promise = queue.create("email").promise()
    assert asked.wait(10)
    threading.Timer(0.1, gate.set).start()
    queue.shutdown(1000)
    assert promise.result(0) == 5
