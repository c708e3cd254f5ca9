"""The logger `kue.run`: one record for each run that ends, with the job, the attempt and the traceback."""

import logging
import threading
from typing import Any

import pytest

import kue
from kue.common.clock import now_ms
from kue.jobs.failure import TTL_EXCEEDED
from kue.maintenance.failing import fail_from_outside
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "kue.run")
    return caplog


def of_runs(log: pytest.LogCaptureFixture) -> list[tuple[str, int, str]]:
    """The level, attempt and message of each record, without the time that the run took."""
    own: list[Any] = [record for record in log.records if record.name == "kue.run" and hasattr(record, "attempt")]
    assert all(0 <= record.duration_ms < 60_000 for record in own)
    return [
        (record.levelname, record.attempt, record.getMessage().replace(f" {record.duration_ms} ms", " N ms"))
        for record in own
    ]


def test_a_failed_run_is_a_warning_and_the_last_one_an_error_with_the_handlers_traceback(
    queue: Any, log: pytest.LogCaptureFixture
) -> None:
    @queue.process("email")
    def send(job: Any) -> None:
        raise ValueError("no such address")

    job = queue.create("email", attempts=2).save()
    wait_until(lambda: queue.failed_count() == 1)
    assert of_runs(log) == [
        (
            "WARNING",
            1,
            f"job {job.id} (email) failed in attempt 1 of 2 after N ms, and is tried again: "
            "ValueError: no such address",
        ),
        (
            "ERROR",
            2,
            f"job {job.id} (email) failed for good in attempt 2 of 2 after N ms: ValueError: no such address",
        ),
    ]
    for record in [one for one in log.records if one.name == "kue.run"]:
        assert (record.job_id, record.job_type) == (job.id, "email")
        assert isinstance(record.exc_info[1], ValueError)
        assert record.exc_info[2].tb_frame.f_code.co_name == "send"


def test_a_run_that_completed_is_logged_as_info(queue: Any, log: pytest.LogCaptureFixture) -> None:
    queue.process("email", lambda job: None)
    job = queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    assert of_runs(log) == [("INFO", 1, f"job {job.id} (email) completed in N ms")]


def test_a_text_given_to_done_is_logged_without_a_traceback(queue: Any, log: pytest.LogCaptureFixture) -> None:
    queue.process("email", lambda job, done: done("no paper"))
    job = queue.create("email").save()
    wait_until(lambda: queue.failed_count() == 1)
    assert of_runs(log) == [
        ("ERROR", 1, f"job {job.id} (email) failed for good in attempt 1 of 1 after N ms: no paper")
    ]
    assert [record.exc_info for record in log.records if record.name == "kue.run"] == [None]


def test_a_run_past_its_ttl_and_one_that_a_shutdown_fails_are_logged_as_failed(
    queue: Any, log: pytest.LogCaptureFixture
) -> None:
    gate = threading.Event()
    queue.process("email", 2, lambda job: gate.wait(10))
    late = queue.create("email", ttl=20, attempts=2, backoff={"type": "fixed", "delay": 60_000}).save()
    wait_until(lambda: queue.delayed_count() == 1)
    cut = queue.create("email").save()
    wait_until(lambda: queue.active_count() == 1)
    queue.shutdown(0)
    gate.set()
    assert of_runs(log) == [
        (
            "WARNING",
            1,
            f"job {late.id} (email) failed in attempt 1 of 2 after N ms, and is tried again: TTL exceeded",
        ),
        ("ERROR", 1, f"job {cut.id} (email) failed for good in attempt 1 of 1 after N ms: Shutdown"),
    ]


def test_a_run_whose_job_goes_back_or_is_moved_by_its_handler_is_logged_as_info(
    queue: Any, log: pytest.LogCaptureFixture
) -> None:
    gate = threading.Event()
    moved = queue.create("moved").save()
    queue.process("moved", lambda job: job.delayed())
    wait_until(lambda: len(of_runs(log)) == 1)
    queue.process("email", lambda job: gate.wait(10))
    back = queue.create("email").save()
    wait_until(lambda: queue.active_count("email") == 1)
    queue.shutdown(0, requeue=True)
    gate.set()
    assert of_runs(log) == [
        (
            "INFO",
            1,
            f"job {moved.id} (moved) ended without an outcome after N ms: its handler has moved or removed it",
        ),
        ("INFO", 1, f"job {back.id} (email) ended without an outcome after N ms: its worker was shut down"),
    ]


def test_an_application_whose_log_filter_raises_keeps_the_outcome_and_has_the_problem_reported(
    queue: Any, log: pytest.LogCaptureFixture, errors: list[BaseException]
) -> None:
    def broken(record: logging.LogRecord) -> bool:
        raise RuntimeError("a filter broke")

    run_logger = logging.getLogger("kue.run")
    run_logger.addFilter(broken)
    try:
        queue.process("email", lambda job: None)
        job = queue.create("email").save()
        wait_until(lambda: queue.complete_count() == 1 and bool(errors))
    finally:
        run_logger.removeFilter(broken)
    problem = errors.pop()
    assert isinstance(problem, kue.KueError)
    assert str(problem) == f"logging the end of job {job.id} failed: RuntimeError('a filter broke')"


def test_half_a_surrogate_pair_in_a_message_is_logged_as_its_escape(queue: Any, log: pytest.LogCaptureFixture) -> None:
    @queue.process("email")
    def send(job: Any) -> None:
        raise ValueError("half \ud800 of a pair")

    queue.create("email").save()
    wait_until(lambda: queue.failed_count() == 1)
    [record] = [record for record in log.records if record.name == "kue.run"]
    logged = logging.Formatter().format(record).encode().decode()
    assert "ValueError: half \\ud800 of a pair" in logged and "in send" in logged


def test_a_run_whose_process_died_is_logged_by_the_process_that_fails_it(
    make_queue: MakeQueue, client: Any, log: pytest.LogCaptureFixture
) -> None:
    queue = make_queue(lease=100, ghost_retries=1)
    back, lost = queue.create("email").save(), queue.create("email", attempts=2).save()
    for job in (back, lost):
        job.active()
        client.hset(f"q:job:{job.id}", mapping={"workerId": "kue:box:1-abcdef01:email:1", "started_at": now_ms()})
    client.hset(f"q:job:{lost.id}", "py_ghosts", 1)
    queue.process("other", lambda job: None)
    wait_until(lambda: len(of_runs(log)) == 1)
    assert of_runs(log) == [
        (
            "WARNING",
            1,
            f"job {lost.id} (email) failed in attempt 1 of 2 after N ms, and is tried again: worker lost",
        )
    ]
    wait_until(lambda: "the process kue:box:1-abcdef01 has died; jobs that were put back: 1" in log.messages)


def test_a_run_that_the_check_of_ttls_ends_is_logged(make_queue: MakeQueue, log: pytest.LogCaptureFixture) -> None:
    queue = make_queue(promotion={"interval": 50})
    job = queue.create("email", ttl=1).save().active()
    queue.process("other", lambda job: None)
    wait_until(lambda: len(of_runs(log)) == 1, timeout=30)
    assert of_runs(log) == [
        ("ERROR", 1, f"job {job.id} (email) failed for good in attempt 1 of 1 after N ms: TTL exceeded")
    ]


def test_a_run_that_has_ended_before_it_is_failed_from_outside_is_not_logged(
    queue: Any, log: pytest.LogCaptureFixture
) -> None:
    worker = "kue:node-host:4711:email:1"
    jobs = queue.save_all(queue.create("email", ttl=1) for _ in range(3))
    for job in jobs:
        job.set("workerId", worker).active()
    runs = [(job.id, worker, found) for job, found in zip(jobs, queue.runtime.store.hashes([1, 2, 3]), strict=True)]
    jobs[0].complete()
    jobs[1].ttl(900_000).update()  # its deadline lies ahead
    fail_from_outside(queue.runtime, runs, queue.runtime.store.clock() + 60_000, TTL_EXCEEDED, mode="expired")
    assert (queue.complete(), queue.active(), queue.failed()) == ([1], [2], [3])
    assert [message.partition(" failed")[0] for _, _, message in of_runs(log)] == ["job 3 (email)"]
