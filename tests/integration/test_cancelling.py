"""Cancelled jobs that wait: they fail at once."""

import threading
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

HOUR = 3_600_000


def heard_of(queue: Any) -> list[tuple[Any, ...]]:
    heard: list[tuple[Any, ...]] = []
    for event in ("enqueue", "error", "failed attempt", "failed", "complete"):
        queue.on(f"job {event}", lambda id, *args, event=event: heard.append((id, event, *args)))
    return heard


@pytest.mark.parametrize("options", [{}, {"delay": HOUR}, {"delay": 1}], ids=["inactive", "delayed", "due"])
def test_a_waiting_job_fails_at_once_and_is_seen_with_its_reason(everywhere: Any, options: Any) -> None:
    queue = everywhere
    job = queue.create("export", {"n": 1}, attempts=5, **options).save()

    assert job.cancel("no longer needed") == "failed"

    found = queue.get(job.id)
    for one in (job, found):
        assert (one.state(), one.error()) == ("failed", "Cancelled: no longer needed")
        assert one.failed_at == one.updated_at
    assert found.attempts_made == 0
    assert queue.get_log(job.id) == ["Cancelled: no longer needed"]
    assert (queue.failed(), queue.inactive(), queue.delayed()) == ([job.id], [], [])


def test_a_cancelled_job_can_be_restarted_and_runs(queue: Any) -> None:
    job = queue.create("export").save()
    job.cancel()
    job.inactive()
    queue.process("export", lambda job: "ran")
    wait_until(lambda: queue.complete() == [job.id])


def test_a_job_that_has_ended_is_left_alone(queue: Any) -> None:
    for state in ("complete", "failed"):
        job = queue.create("export").save().state(state)
        before = queue.get(job.id).to_json()
        assert Job.cancel_by_id(job.id, queue=queue) == queue.cancel_by_id(job.id) == job.cancel("x") == state
        assert queue.get(job.id).to_json() == before


def test_a_job_that_is_not_there_is_reported(queue: Any) -> None:
    with pytest.raises(kue.JobNotFound, match="not saved yet"):
        queue.create("export").cancel()
    with pytest.raises(kue.JobNotFound):
        queue.cancel_by_id(7)
    job = queue.create("export").save().remove()
    with pytest.raises(kue.JobNotFound):
        job.cancel()


@pytest.mark.parametrize("reason", [None, 7, b"why"])
def test_a_reason_that_is_no_text_is_refused(queue: Any, reason: Any) -> None:
    job = queue.create("export").save()
    for call in (job.cancel, lambda reason: queue.cancel_by_id(job.id, reason)):
        with pytest.raises(kue.InvalidOption, match="reason must be a string"):
            call(reason)
    assert queue.get(job.id).state() == "inactive"


def test_a_reason_is_one_line_and_not_too_long(queue: Any) -> None:
    job = queue.create("export").save()
    job.cancel("two\n lines ")
    assert queue.get(job.id).error() == "Cancelled: two lines"
    long = queue.create("export").save()
    long.cancel("x" * 100_000)
    error = queue.get(long.id).error()
    assert error.startswith("Cancelled: xxx") and len(error) < 5000


def test_the_events_are_those_of_a_failure_and_a_promise_raises(make_queue: MakeQueue) -> None:
    queue = make_queue(send=True)
    heard = heard_of(queue)
    job = queue.create("export").save()
    promise = job.promise()
    job.cancel("why")
    with pytest.raises(kue.JobFailed, match="Cancelled: why") as failed:
        promise.result(10)
    assert failed.value.message == "Cancelled: why"
    wait_until(lambda: len(heard) >= 3)
    assert heard == [(1, "enqueue", "export"), (1, "error", "Cancelled: why"), (1, "failed", "Cancelled: why")]


def test_a_unique_key_is_free_again(queue: Any) -> None:
    first = queue.create("export", unique="k").save()
    first.cancel()
    second = queue.create("export", unique="k").save()
    assert not second.existing and second.id != first.id


def test_a_delayed_job_that_is_due_waits_for_the_promoter_that_holds_the_lock(queue: Any, client: Any) -> None:
    job = queue.create("export", delay=1).save()
    client.set("promotion:lock", "another", px=60_000)
    states: list[str] = []
    thread = threading.Thread(target=lambda: states.append(job.cancel()))
    thread.start()
    thread.join(0.3)
    assert thread.is_alive() and queue.delayed() == [job.id]
    client.delete("promotion:lock")
    thread.join(10)
    assert states == ["failed"] and client.get("promotion:lock") is None


def test_a_lock_that_is_never_free_ends_the_wait(queue: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kue.store.bulk._MAX_LOCK_WAIT_SECONDS", 0.2)
    job = queue.create("export", delay=1).save()
    client.set("promotion:lock", "another", px=60_000)
    with pytest.raises(kue.RedisRefused, match="promotion:lock") as refused:
        job.cancel()
    assert refused.value.transient
    assert queue.get(job.id).state() == "delayed"


def test_in_test_mode_a_collected_job_is_cancelled_without_redis(queue: Any) -> None:
    queue.test_mode.enter()
    job = queue.create("export").save()
    assert job.cancel("why") == "failed"
    assert (job.state(), job.error()) == ("failed", "Cancelled: why")
    assert job.finished_at == job.failed_at is not None
    queue.test_mode.exit()
    assert queue.failed() == []


@pytest.mark.parametrize("end", ["complete", "failed"])
def test_in_test_mode_a_collected_job_that_has_ended_is_left_alone(queue: Any, end: str) -> None:
    queue.test_mode.enter()
    job = queue.create("export").save()
    job.error("no disk")
    getattr(job, end)()
    assert job.cancel("why") == end
    assert (job.state(), job.error()) == (end, "no disk")
