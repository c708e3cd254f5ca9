"""`job.runs` and what it comes to: every way a run can end, in Python, as a handler and another process see it."""

import threading
from typing import Any

import pytest

import kue
from kue import Job
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue


def short(runs: list[Any]) -> list[tuple[Any, ...]]:
    return [(run["run"], run["attempt"], run["outcome"], run["error"]) for run in runs]


@pytest.mark.parametrize("backend", ["redis", "valkey", "fake"], indirect=True)
def test_each_run_is_listed_with_its_attempt_its_worker_and_its_time(everywhere: Any) -> None:
    workers: list[str] = []

    @everywhere.process("email")
    def send(job: Any) -> None:
        workers.append(job.worker_id)
        if job.attempts_made < 2:
            raise ValueError(f"no {job.attempts_made}\nmore")

    job = everywhere.create("email", attempts=3).save()
    wait_until(lambda: everywhere.complete() == [job.id])
    found = Job.get(job.id, queue=everywhere)
    assert short(found.runs) == [
        *((1, 1, "failed", "ValueError: no 0"), (2, 2, "failed", "ValueError: no 1"), (3, 3, "complete", None))
    ]
    assert [run["worker"] for run in found.runs] == workers
    starts = [run["start"] for run in found.runs]
    assert starts == sorted(starts) and starts[-1] == found.started_at
    durations = [run["duration"] or 0 for run in found.runs]
    assert all(duration >= 0 for duration in durations)
    assert found.total_process_time == sum(durations)
    assert (found.finished, found.success) == (True, True)
    assert found.finished_at == starts[-1] + durations[-1]


def test_a_job_that_completes_the_first_time_has_no_field_of_a_history(queue: Any, client: Any) -> None:
    queue.process("email", lambda job: None)
    job = queue.create("email").save()
    wait_until(lambda: queue.complete() == [job.id])
    assert [name for name in client.hkeys(f"q:job:{job.id}") if name.startswith(b"py_")] == []
    assert short(Job.get(job.id, queue=queue).runs) == [(1, 1, "complete", None)]


def test_a_new_job_has_no_runs_and_has_not_finished(queue: Any) -> None:
    new = queue.create("email")
    for job in (new, new.save(), Job.get(new.id, queue=queue)):
        assert (job.runs, job.total_process_time) == ([], 0)
        assert (job.finished, job.success, job.finished_at) == (False, None, None)


def test_a_job_that_failed_for_good_has_finished_without_success(queue: Any) -> None:
    queue.process("email", lambda job, done: done("no paper"))
    job = queue.create("email").save()
    wait_until(lambda: queue.failed() == [job.id])
    found = Job.get(job.id, queue=queue)
    assert (found.finished, found.success, found.finished_at) == (True, False, found.failed_at)
    assert short(found.runs) == [(1, 1, "failed", "no paper")]


def test_a_job_that_waits_for_its_next_attempt_has_not_finished(queue: Any) -> None:
    queue.process("email", lambda job, done: done("no paper"))
    job = queue.create("email", attempts=2, backoff={"type": "fixed", "delay": 60_000}).save()
    wait_until(lambda: queue.delayed() == [job.id])
    found = Job.get(job.id, queue=queue)
    assert found.failed_at is not None
    assert (found.finished, found.success, found.finished_at) == (False, None, None)


def test_a_handler_sees_its_own_run_and_those_before(queue: Any) -> None:
    seen: list[list[tuple[Any, ...]]] = []

    @queue.process("email")
    def send(job: Any) -> None:
        seen.append(short(job.runs))
        assert job.runs[-1]["worker"] == job.worker_id
        assert job.total_process_time == sum(run["duration"] for run in job.runs[:-1])
        if job.attempts_made == 0:
            raise ValueError("once")

    job = queue.create("email", attempts=2).save()
    wait_until(lambda: queue.complete() == [job.id])
    first = (1, 1, "failed", "ValueError: once")
    assert seen == [[(1, 1, "running", None)], [first, (2, 2, "running", None)]]


def test_a_shutdown_leaves_the_runs_that_it_puts_back_and_those_that_it_fails(make_queue: MakeQueue) -> None:
    gate, other = threading.Event(), make_queue()
    put_back, failed = (other.create("email").save() for _ in range(2))
    for job, requeue in ((put_back, True), (failed, False)):
        queue, began = make_queue(), threading.Event()
        queue.process("email", lambda job, began=began: began.set() or gate.wait(30))
        assert began.wait(10)
        queue.shutdown(0, requeue=requeue)
        wait_until(lambda: other.active_count() == 0)
        if requeue:
            job.delay(3_600_000).delayed()
    gate.set()
    back = "put back: its worker was shut down"
    assert short(Job.get(put_back.id, queue=other).runs) == [(1, 1, "shutdown", back)]
    assert short(Job.get(failed.id, queue=other).runs) == [(1, 1, "failed", "Shutdown")]


@pytest.mark.parametrize("restart", ["inactive", "delayed"])
def test_a_job_that_is_restarted_after_it_completed_keeps_that_run(queue: Any, restart: str) -> None:
    queue.process("email", lambda job: None)
    job = queue.create("email").save()
    wait_until(lambda: queue.complete() == [job.id])
    before = Job.get(job.id, queue=queue)
    before.delay(3_600_000)  # so that it is not promoted at once
    getattr(before, restart)()
    if restart == "delayed":
        wait_until(lambda: Job.get(job.id, queue=queue).runs == before.runs)
        queue.get(job.id).inactive()
    wait_until(lambda: len(Job.get(job.id, queue=queue).runs) == 2 and queue.complete() == [job.id])
    found = Job.get(job.id, queue=queue)
    assert found.runs[0] == before.runs[0]
    assert short(found.runs) == [(1, 1, "complete", None), (2, 1, "complete", None)]


def test_a_job_that_was_moved_by_hand_without_a_run_has_no_finishing_time(queue: Any) -> None:
    job = queue.create("email").save().complete()
    found = Job.get(job.id, queue=queue)
    assert (found.finished, found.success, found.finished_at, found.runs) == (True, True, None, [])


def test_a_job_that_fails_after_a_restart_and_is_moved_to_complete_has_no_finishing_time(queue: Any) -> None:
    @queue.process("email")
    def work(job: Any) -> None:
        if job.attempts_made:
            raise ValueError("boom")

    job = queue.create("email").save()
    wait_until(lambda: queue.complete() == [job.id])
    queue.get(job.id).inactive()
    wait_until(lambda: queue.failed() == [job.id])
    queue.get(job.id).set("duration", 3_600_000).complete()  # as if the first run had taken long
    found = Job.get(job.id, queue=queue)
    assert (found.finished, found.success, found.finished_at) == (True, True, None)
    assert short(found.runs) == [(1, 1, "complete", None), (2, 1, "failed", "ValueError: boom")]


def test_the_sum_stays_right_when_old_runs_were_dropped(queue: Any) -> None:
    @queue.process("email")
    def send(job: Any) -> None:
        if job.attempts_made < 59:
            raise ValueError("x" * 150)

    job = queue.create("email", attempts=60).save()
    wait_until(lambda: queue.complete() == [job.id], 30)
    found = Job.get(job.id, queue=queue)
    runs = found.runs
    assert 5 < len(runs) < 60
    assert [run["run"] for run in runs] == list(range(61 - len(runs), 61))
    shown = sum(run["duration"] or 0 for run in runs)
    assert found.total_process_time >= shown
    assert int(str(found.get_field("py_process_time"))) + (found.duration or 0) == found.total_process_time


def test_a_job_that_is_removed_while_it_runs_has_no_runs_left_to_show(queue: Any, errors: list[BaseException]) -> None:
    seen: list[Any] = []

    @queue.process("email")
    def send(job: Any) -> None:
        kue.Job.remove_by_id(job.id, queue=queue)
        seen.append((job.runs, job.total_process_time))

    queue.create("email").save()
    wait_until(lambda: errors)
    assert [type(problem) for problem in errors] == [kue.JobLost]
    errors.clear()
    assert seen == [([], 0)]
