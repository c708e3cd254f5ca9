"""A handler decides the outcome itself: `kue.Snooze` puts its job off, `kue.NoRetry` fails it for good."""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import kue
import kue_send
from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

HOUR = 3_600_000
OUTCOMES: list[BaseException] = []  # the first is what the handlers below come to


class Later(kue.Snooze):
    """An application's own class."""


def raises(job: Any) -> None:
    raise OUTCOMES[0]


def raises_with_done(job: Any, done: Any) -> None:
    raise OUTCOMES[0]


def passes_to_done(job: Any, done: Any) -> None:
    done(OUTCOMES[0])


def passes_to_done_later(job: Any, done: Any) -> None:
    threading.Timer(0.01, done, [OUTCOMES[0]]).start()


async def raises_in_coroutine(job: Any) -> None:
    await asyncio.sleep(0)
    raise OUTCOMES[0]


def returns_coroutine(job: Any) -> Any:
    return raises_in_coroutine(job)


def returns_future(job: Any) -> Any:
    future: Future[None] = Future()
    future.set_exception(OUTCOMES[0])
    return future


FORMS: list[Callable[..., Any]] = [
    *(raises, raises_with_done, passes_to_done, passes_to_done_later),
    *(raises_in_coroutine, returns_coroutine, returns_future),
]
each_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)


@pytest.fixture
def comes_to(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Sets what the handlers come to."""
    return lambda problem: monkeypatch.setattr(f"{__name__}.OUTCOMES", [problem])


def heard_of(queue: Any) -> list[tuple[Any, ...]]:
    """All events of the queue's jobs from now on, without what `start` says."""
    heard: list[tuple[Any, ...]] = []
    for event in ("start", "enqueue", "error", "failed attempt", "failed", "complete", "promotion"):
        queue.on(f"job {event}", lambda id, *args, event=event: heard.append((event, *args)))
    return heard


@each_form
def test_a_snoozed_job_is_delayed_with_a_log_line_and_no_event_and_no_attempt(
    queue: Any, form: Callable[..., Any], comes_to: Callable[[BaseException], None]
) -> None:
    comes_to(kue.Snooze(HOUR))
    heard = heard_of(queue)
    queue.process("report", form)
    job = queue.create("report", attempts=2).save()
    wait_until(lambda: queue.delayed() == [job.id])

    found = Job.get(job.id, queue=queue)
    assert (found.attempts_made, found.error(), found.failed_at) == (0, None, None)
    assert found.promote_at is not None and found.updated_at is not None
    assert found.promote_at - found.updated_at == HOUR
    assert (found.delay(), found.requeues) == (None, 0)
    assert found.log() == [f"snoozed for {HOUR} ms"]
    [run] = found.runs
    assert (run["outcome"], run["attempt"], run["error"]) == ("snoozed", 1, None)
    queue.create("marker").save()
    wait_until(lambda: ("enqueue", "marker") in heard)
    assert [event for event, *_ in heard[:-1]] == ["enqueue", "start"]


@each_form
def test_a_job_that_is_not_to_be_tried_again_fails_for_good(
    queue: Any, form: Callable[..., Any], comes_to: Callable[[BaseException], None]
) -> None:
    comes_to(kue.NoRetry("no such address"))
    heard = heard_of(queue)
    queue.process("report", form)
    job = queue.create("report", attempts=5, backoff={"type": "fixed", "delay": 10}).save()
    wait_until(lambda: queue.failed() == [job.id])

    found = Job.get(job.id, queue=queue)
    assert found.attempts_made == 1
    assert str(found.error()).splitlines()[0] == "NoRetry: no such address"
    assert [(run["outcome"], run["error"]) for run in found.runs] == [("failed", "NoRetry: no such address")]
    wait_until(lambda: heard[-1:] == [("failed", "no such address")])
    assert [event for event, *_ in heard] == ["enqueue", "start", "error", "failed"]


@pytest.mark.parametrize("kind", [Later, kue_send.Snooze])
def test_a_snoozed_job_runs_again_when_its_time_has_come(make_queue: MakeQueue, kind: type[kue.Snooze]) -> None:
    queue = make_queue(promotion={"interval": 20})
    attempts: list[int] = []

    @queue.process("report")
    def write(job: Any) -> str:
        attempts.append(job.attempts_made)
        if len(attempts) < 3:
            raise kind(timedelta(milliseconds=30))
        return "written"

    job = queue.create("report").save()
    wait_until(lambda: queue.complete() == [job.id])
    assert attempts == [0, 0, 0]
    found = Job.get(job.id, queue=queue)
    assert (found.attempts_made, found.result) == (1, "written")
    assert [(run["run"], run["attempt"], run["outcome"]) for run in found.runs] == [
        *((1, 1, "snoozed"), (2, 1, "snoozed"), (3, 1, "complete"))
    ]


@pytest.mark.parametrize("delay", [0, -5, timedelta(days=-1), datetime(2020, 1, 1, tzinfo=UTC)])
def test_a_delay_that_is_over_queues_the_job_at_once(queue: Any, delay: Any) -> None:
    runs: list[int] = []

    @queue.process("report")
    def write(job: Any) -> None:
        runs.append(job.id)
        if len(runs) < 2:
            raise kue.Snooze(delay)

    job = queue.create("report", delay=0).save()
    wait_until(lambda: queue.complete() == [job.id])
    assert runs == [job.id] * 2
    assert job.log() == ["snoozed for 0 ms"]


def test_a_job_is_put_off_until_a_moment(queue: Any) -> None:
    at = datetime.now(UTC) + timedelta(hours=1)

    @queue.process("report")
    def write(job: Any) -> None:
        raise kue.Snooze(at)

    job = queue.create("report").save()
    wait_until(lambda: queue.delayed() == [job.id])
    promote_at = Job.get(job.id, queue=queue).promote_at
    assert promote_at is not None and abs(promote_at - at.timestamp() * 1000) <= 1


def test_what_the_handler_reported_and_set_goes_with_the_snooze(queue: Any) -> None:
    @queue.process("report")
    def write(job: Any) -> None:
        job.log("too early").set("asked", 1)
        job.priority("high")
        raise kue.Snooze(HOUR)

    job = queue.create("report").save()
    wait_until(lambda: queue.delayed() == [job.id])
    found = Job.get(job.id, queue=queue)
    assert (found.log(), found.get_field("asked"), found.priority()) == (
        ["too early", f"snoozed for {HOUR} ms"],
        "1",
        -10,
    )


def test_a_delay_that_is_none_fails_the_run_and_says_so(queue: Any) -> None:
    @queue.process("report")
    def write(job: Any) -> None:
        raise kue.Snooze("soon")  # type: ignore[arg-type]

    job = queue.create("report").save()
    wait_until(lambda: queue.failed() == [job.id])
    error = str(Job.get(job.id, queue=queue).error()).splitlines()[0]
    assert error == "InvalidOption: delay must be a number of milliseconds or a timedelta, not 'soon'"


def test_a_class_that_sets_no_delay_fails_the_run_and_the_worker_goes_on(queue: Any) -> None:
    class Broken(kue.Snooze):
        def __init__(self) -> None:
            pass

    @queue.process("report")
    def write(job: Any) -> None:
        if job.data:
            raise Broken

    job = queue.create("report", {"broken": True}).save()
    other = queue.create("report").save()
    wait_until(lambda: queue.complete() == [other.id])
    assert queue.failed() == [job.id]


@pytest.mark.parametrize("inner", [kue.Snooze(HOUR), kue.NoRetry("no")])
def test_in_an_exception_group_both_are_errors_like_any_other(queue: Any, inner: Exception) -> None:
    @queue.process("report")
    def write(job: Any) -> None:
        if job.attempts_made == 0:
            raise ExceptionGroup("several", [inner, ValueError("x")])

    job = queue.create("report", attempts=2).save()
    wait_until(lambda: queue.complete() == [job.id])
    assert Job.get(job.id, queue=queue).attempts_made == 2


def test_a_snooze_of_a_run_that_lost_its_job_changes_nothing(
    queue: Any, client: Any, errors: list[BaseException]
) -> None:
    taken, gate = threading.Event(), threading.Event()

    @queue.process("report")
    def write(job: Any) -> None:
        taken.set()
        gate.wait(10)
        raise kue.Snooze(HOUR)

    job = queue.create("report").save()
    assert taken.wait(10)
    client.hset(f"q:job:{job.id}", "workerId", "kue:other:7:report:1")
    before = client.hgetall(f"q:job:{job.id}")
    gate.set()
    wait_until(lambda: errors)
    assert [type(problem) for problem in errors] == [kue.JobLost]
    errors.clear()
    assert client.hgetall(f"q:job:{job.id}") == before
    assert (queue.active(), queue.delayed(), job.log()) == ([job.id], [], [])


def test_snoozes_count_for_no_limit_of_put_backs(make_queue: MakeQueue) -> None:
    first = make_queue(max_requeues=1, promotion={"interval": 20})
    snoozes: list[int] = []

    @first.process("report")
    def put_off(job: Any) -> None:
        snoozes.append(job.requeues)
        raise kue.Snooze(1 if len(snoozes) < 4 else HOUR)

    job = first.create("report").save()
    wait_until(lambda: len(snoozes) == 4)
    wait_until(lambda: first.delayed() == [job.id])
    assert snoozes == [0] * 4
    assert Job.get(job.id, queue=first).requeues == 0


def test_a_snooze_is_logged_as_info_and_the_last_failure_as_an_error(
    queue: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kue.run")

    @queue.process("report")
    def write(job: Any) -> None:
        raise (job.data and kue.NoRetry("never")) or kue.Snooze(HOUR)

    for data in ({}, {"never": True}):
        job = queue.create("report", data, attempts=5).save()
        wait_until(lambda job=job: Job.get(job.id, queue=queue).state() in ("delayed", "failed"))
    records: list[Any] = [record for record in caplog.records if record.name == "kue.run"]
    assert [record.levelname for record in records] == ["INFO", "ERROR"]
    first, last = (record.getMessage().replace(f" {record.duration_ms} ms", " N ms", 1) for record in records)
    assert first.endswith(f"ended without an outcome after N ms: snoozed for {HOUR} ms")
    assert "failed for good in attempt 1 of 5" in last


def test_an_exception_of_an_executor_counts_as_if_it_were_raised_here(queue: Any) -> None:
    with ThreadPoolExecutor(1) as pool:
        queue.process("report", lambda job: pool.submit(raises_snooze))
        job = queue.create("report").save()
        wait_until(lambda: queue.delayed() == [job.id])


def raises_snooze() -> None:
    raise kue.Snooze(HOUR)
