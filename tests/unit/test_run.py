"""One run: the first outcome counts, whichever thread settles it, and messages go out in order with it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from kue.common.clock import Moment
from kue.connection.connection import Command
from kue.store.keys import Keys
from kue.store.transitions import Failure, GhostOptions, Retry, Transitions, completion
from kue.worker.io.reports import make_report
from kue.worker.outcomes import Completed, Failed, PutBack, Snoozed
from kue.worker.run import Run

STARTED, NOW = 1_700_000_000_000, 1_700_000_001_500
WORKER = "kue:host:77-beef0001:email:3"
TRANSITIONS = Transitions(Keys("q"))
BOOM = Failure("Error: boom", "Error: boom", "boom")
STAMP = b',"created_at":%d' % (STARTED - 100)


class OfJob:
    """As much of a job as a run reports."""

    id = 7
    type = "email"
    created_at = STARTED - 100
    stored_hash = None
    set_options: set[str] | None = None
    attempts_made = 0
    runtime = SimpleNamespace(
        store=SimpleNamespace(clock=lambda: NOW), options=SimpleNamespace(ghost_retries=3, ghost_delay=70)
    )

    def attempts(self) -> int:
        return 1

    def outcome_options(self) -> tuple[str, ...]:
        return tuple(part for name in self.set_options or () for part in ("option", name, "1"))


class Ear:
    """Who is told that a run has something new."""

    def __init__(self) -> None:
        self.told = self.flushed = 0
        job: Any = OfJob()
        self.run = Run(job, WORKER, 3, STARTED, self)

    def notify(self, run: Run) -> None:
        assert run is self.run
        self.told += 1

    def flush(self) -> None:
        self.flushed += 1

    def ttl_changed(self, run: Run) -> None:
        raise AssertionError("no ttl changed")


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def run(ear: Ear) -> Run:
    return ear.run


def reported(run: Run, now: int) -> tuple[Command | None, bool]:
    """What a run tells Redis, and whether it ends by that."""
    report = make_report(run, TRANSITIONS, now, lambda report, reply: None)
    if report is None:
        return None, False
    command = TRANSITIONS.complete(now, report.completion) if report.completion else report.command
    return command, report.ends


def line(text: str) -> tuple[str, str, str]:
    return ("log", text, "")


def test_a_run_with_nothing_new_has_nothing_to_report(run: Run) -> None:
    assert reported(run, NOW) == (None, False)
    assert not run.settled


def test_messages_of_a_run_are_reported_in_order_and_once(ear: Ear, run: Run) -> None:
    for text in ("one", "two"):
        run.apply_effects(line(text))
    assert ear.told == 2
    said = (*line("one"), *line("two"))
    assert reported(run, NOW) == (TRANSITIONS.apply_effects(7, WORKER, NOW, said), False)
    assert reported(run, NOW) == (None, False)


@pytest.mark.parametrize("result", [None, b'{"ok":true}'])
def test_a_result_is_reported_with_the_duration_and_the_last_messages(run: Run, result: bytes | None) -> None:
    run.apply_effects(line("one"))
    assert run.settle(Completed(result)) is True
    expected = TRANSITIONS.complete(NOW, completion(7, WORKER, 1500, result, line("one"), STAMP))
    assert reported(run, NOW) == (expected, True)
    assert reported(run, NOW) == (None, False)


def test_a_clock_that_went_back_gives_no_negative_duration(run: Run) -> None:
    run.settle(Completed(None))
    command, _ = reported(run, STARTED - 5)
    assert command == TRANSITIONS.complete(STARTED - 5, completion(7, WORKER, 0, None, (), STAMP))


@pytest.mark.parametrize("mode", ["", "ttl", "asked"])
def test_a_failure_is_reported_with_its_retry(run: Run, mode: str) -> None:
    run.apply_effects(line("one"))
    run.settle(Failed(BOOM, Retry("delayed", 750), mode))
    more = {"mode": mode, "ghosts": GhostOptions(3, 70)} if mode else {}
    expected = TRANSITIONS.fail(7, WORKER, "email", NOW, BOOM, Retry("delayed", 750), effects=line("one"), **more)
    assert reported(run, NOW) == (expected, True)


@pytest.mark.parametrize(
    ("wait", "delay"), [(700, 700), (0, 0), (Moment(NOW + 5), 5), (Moment(NOW), 0), (Moment(0), 0)]
)
def test_a_job_put_off_is_reported_with_the_delay_that_is_left(run: Run, wait: int | Moment, delay: int) -> None:
    run.apply_effects(line("one"))
    run.settle(Snoozed(wait))
    assert reported(run, NOW) == (TRANSITIONS.snooze(7, WORKER, "email", NOW, delay, line("one")), True)
    assert run.gave_back


def test_a_job_put_back_is_reported_as_requeued(run: Run) -> None:
    run.settle(PutBack("it must"))
    assert reported(run, NOW) == (TRANSITIONS.requeue(7, WORKER, "email", NOW, "it must", ()), True)


def test_the_first_outcome_of_a_run_counts(ear: Ear, run: Run) -> None:
    outcomes = [Completed(b"1"), Failed(BOOM, Retry("failed")), PutBack("it must"), Completed(b"2")]
    assert [run.settle(outcome) for outcome in outcomes] == [True, False, False, False]
    assert ear.told == 1
    assert run.settled
    command, ends = reported(run, NOW)
    assert (command, ends) == (TRANSITIONS.complete(NOW, completion(7, WORKER, 1500, b"1", (), STAMP)), True)


def test_exactly_one_of_many_threads_settles_a_run() -> None:
    threads, rounds = 4, 200
    ears = [Ear() for _ in range(rounds)]
    won: list[list[int]] = [[] for _ in range(rounds)]
    together = threading.Barrier(threads)

    def settle(number: int) -> None:
        for ear, winners in zip(ears, won, strict=True):
            together.wait(10)
            if ear.run.settle(Completed(b"%d" % number)):
                winners.append(number)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(settle, range(threads)))
    for ear, winners in zip(ears, won, strict=True):
        assert len(winners) == 1
        assert ear.told == 1
        command, _ = reported(ear.run, NOW)
        assert command == TRANSITIONS.complete(NOW, completion(7, WORKER, 1500, b"%d" % winners[0], (), STAMP))


def test_a_message_after_the_end_is_reported_by_itself(run: Run) -> None:
    run.settle(Completed(None))
    reported(run, NOW)
    run.apply_effects(line("late"))
    assert reported(run, NOW) == (TRANSITIONS.apply_effects(7, WORKER, NOW, line("late")), False)


def test_a_run_is_lost_once_it_was_abandoned(run: Run) -> None:
    assert not run.lost
    run.abandoned = True
    assert run.lost


def test_touch_moves_the_deadline_and_wake_notifies_without_news(ear: Ear, run: Run) -> None:
    assert not run.deadline_moved
    run.touch()
    assert (run.deadline_moved, ear.told) == (True, 0)
    run.wake()
    assert ear.told == 1
    assert reported(run, NOW) == (None, False)


@pytest.mark.parametrize("outcome", [Completed(b"1"), Failed(BOOM, Retry("failed")), PutBack("it must")], ids=repr)
def test_a_run_that_handed_its_job_over_reports_messages_and_no_outcome(run: Run, outcome: Any) -> None:
    run.hand_over()
    run.apply_effects(line("one"))
    assert reported(run, NOW) == (TRANSITIONS.apply_effects(7, "", NOW, line("one")), False)
    run.settle(outcome)
    assert reported(run, NOW) == (TRANSITIONS.apply_effects(7, "", NOW, ()), True)
    assert reported(run, NOW) == (None, False)


def test_a_run_that_took_its_job_back_reports_its_outcome(run: Run) -> None:
    run.hand_over()
    run.hand_over(False)
    run.settle(Completed(b"1"))
    assert reported(run, NOW) == (TRANSITIONS.complete(NOW, completion(7, WORKER, 1500, b"1", (), STAMP)), True)


def test_an_abandoned_run_that_handed_its_job_over_reports_with_its_worker_id(run: Run) -> None:
    run.hand_over()
    run.abandoned = True
    run.apply_effects(line("one"))
    assert reported(run, NOW) == (TRANSITIONS.apply_effects(7, WORKER, NOW, line("one")), False)


class TestFence:
    """In whose name a handler changes its job."""

    def test_a_run_is_fenced_by_its_worker_id(self, run: Run) -> None:
        assert run.fence == WORKER

    def test_the_fence_waits_for_the_answer_to_the_outcome(self, run: Run, ear: Ear) -> None:
        run.settle(Completed(None))
        assert (run.fence, ear.flushed) == (WORKER, 1)
        run.written = True
        assert (run.fence, ear.flushed) == ("", 1)

    def test_a_run_that_handed_its_job_over_has_no_fence(self, run: Run) -> None:
        run.hand_over()
        assert run.fence == ""

    @pytest.mark.parametrize("before", ["hand over", "settle", "nothing"])
    def test_an_abandoned_run_keeps_its_fence(self, run: Run, before: str) -> None:
        if before == "hand over":
            run.hand_over()
        elif before == "settle":
            run.settle(Completed(None))
        run.abandoned = True
        assert run.fence == WORKER


def test_a_run_with_too_many_messages_waits_until_they_are_sent(run: Run, ear: Ear) -> None:
    for _ in range(10_000):
        run.apply_effects(line("a line"))
    assert ear.flushed == 0
    run.apply_effects(line("one more"))
    assert ear.flushed == 1


@pytest.mark.parametrize("ending", ["complete", "fail", "requeue"])
def test_the_options_that_a_handler_set_ride_with_the_outcome_after_all_that_it_reported(run: Run, ending: str) -> None:
    outcome = {"complete": Completed(None), "fail": Failed(BOOM, Retry("inactive")), "requeue": PutBack("why")}[ending]
    job: Any = run.job
    job.set_options = {"priority"}
    run.apply_effects(line("one"))
    assert run.settle(outcome)
    job.set_options = {"priority", "late"}
    said = (*line("one"), "option", "priority", "1")
    expected = {
        "complete": TRANSITIONS.complete(NOW, completion(7, WORKER, NOW - STARTED, None, said, STAMP)),
        "fail": TRANSITIONS.fail(7, WORKER, "email", NOW, BOOM, Retry("inactive"), effects=said),
        "requeue": TRANSITIONS.requeue(7, WORKER, "email", NOW, "why", said),
    }
    assert reported(run, NOW) == (expected[ending], True)


def test_options_that_were_set_after_the_handler_moved_its_job_are_not_written(run: Run) -> None:
    job: Any = run.job
    run.hand_over()
    job.set_options = {"priority"}
    run.apply_effects(line("one"))
    assert run.settle(Completed(None))
    assert reported(run, NOW) == (TRANSITIONS.apply_effects(7, "", NOW, line("one")), True)
