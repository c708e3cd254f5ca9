"""What the tracker knows of the runs: which have lost their job, and which slots stay closed."""

from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import ResponseError

from kue.common.error_reporter import ErrorReporter
from kue.errors import JobLost
from kue.stats.type_counts import TypeCounts
from kue.store.commands import Commands
from kue.store.keys import Keys
from kue.store.transitions import Failure, Retry, Transitions
from kue.worker.execution.settling import Settling
from kue.worker.handler import Handler
from kue.worker.io.reports import make_report
from kue.worker.outcomes import Completed, Failed, Snoozed
from kue.worker.run import PutBack, Run
from kue.worker.run_tracker import RunTracker
from kue.worker.slots import AllSlots, TypeSlots

PROCESS = "kue:host:7-beef00011"


class Desk:
    """A tracker of one slot, and what it has reported."""

    def __init__(self) -> None:
        self.reported: list[str] = []
        self.runtime: Any = SimpleNamespace(
            store=SimpleNamespace(commands=Commands(Keys("q")), clock=lambda: 0),
            error_reporter=ErrorReporter(lambda problem: self.reported.append(str(problem))),
        )
        self.slots = AllSlots(email=TypeSlots("email"))
        self.slots["email"].add(f"{PROCESS}:email:1", Handler(lambda job: None))
        self.ended = 0
        self.tracker = RunTracker(self.runtime, self.slots, self._run_ended)

    def run(self, number: int) -> Run:
        io: Any = SimpleNamespace(notify=lambda run: None)
        job: Any = SimpleNamespace(
            id=number, type="email", runtime=self.runtime, set_options=None, stored_hash=None, created_at=1
        )
        return Run(job, f"{PROCESS}:email:{number}", number, 0, io)

    def _run_ended(self) -> None:
        self.ended += 1

    @property
    def free(self) -> int:
        return len(self.slots["email"].free)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("asks", ["executing", "lingers", ""])
def test_a_run_lets_go_of_its_job_once_redis_has_its_outcome_unless_something_still_asks_for_it(
    desk: Desk, asks: str
) -> None:
    run = desk.run(1)
    vars(run)[asks] = True
    run.settle(Completed(None))
    report = make_report(run, Transitions(Keys("q")), 0, desk.tracker.report_answered)
    assert report is not None
    desk.tracker.report_answered(report, [1])
    assert run.written
    assert (run.held_job is not None) == bool(asks)
    settling = Settling(ErrorReporter(lambda problem: None))
    assert settling.settle_failed(run, Failure("Shutdown", "Shutdown", "Shutdown")) is False
    run.apply_effects(("log", "late", ""))
    late = make_report(run, Transitions(Keys("q")), 0, desk.tracker.report_answered)
    assert late is not None
    desk.tracker.report_answered(late, [-1, b"complete", b""])
    assert desk.reported == [str(JobLost(1, "message"))]


def test_a_closed_slot_opens_again_once_one_of_the_handlers_that_run_on_returns(desk: Desk) -> None:
    strays = [desk.run(number) for number in range(1, 18)]
    last = strays[-1]
    desk.slots["email"].occupy(last)
    for run in strays:
        run.executing = True
        run.settle(PutBack("it must"))
        desk.tracker.abandon(run)
    desk.tracker.release(last, desk.slots["email"])
    desk.tracker.reopen_slots()
    assert (desk.free, desk.ended) == (0, 1), "a shutdown that waits for the run goes on"
    assert desk.reported == [
        "17 handlers run on past their end; a slot of 'email' stays closed until one returns",
    ]
    strays[0].executing = False
    desk.tracker.reopen_slots()
    assert desk.free == 1


def test_no_slot_is_closed_while_few_handlers_run_on(desk: Desk) -> None:
    strays = [desk.run(number) for number in range(1, 17)]
    desk.slots["email"].occupy(strays[-1])
    for run in strays:
        run.executing = True
        desk.tracker.abandon(run)
    desk.tracker.release(strays[-1], desk.slots["email"])
    assert (desk.free, desk.reported) == (1, [])


def test_a_check_of_the_runs_that_redis_did_not_answer_is_made_again(desk: Desk) -> None:
    run = desk.run(7)
    desk.slots["email"].occupy(run)
    desk.tracker.check_all()
    [check] = desk.tracker.calls()
    assert list(desk.tracker.calls()) == []
    check.dropped(sent=True)
    [again] = desk.tracker.calls()
    assert again.command == check.command
    again.answered([b"active", b"kue:other:8-beef00011:email:1"])
    assert run.lost


def test_a_check_that_redis_refuses_says_nothing_about_the_run(desk: Desk) -> None:
    run = desk.run(7)
    desk.slots["email"].occupy(run)
    desk.tracker.check_all()
    [check] = desk.tracker.calls()
    check.answered(ResponseError("WRONGTYPE"))
    assert not run.lost
    check.answered([b"active", run.worker_id.encode()])
    assert not run.lost


@pytest.mark.parametrize("outcome", [Failed(Failure("boom", "boom", "boom"), Retry("failed")), Snoozed(1)], ids=repr)
def test_a_cancelled_run_counts_as_that_though_the_first_reply_was_lost_and_the_mail_was_not_read(
    desk: Desk, outcome: Failed | Snoozed
) -> None:
    counts = desk.slots["email"].counts = TypeCounts()
    run = desk.run(1)
    vars(run.job).update(attempts_made=0, attempts=lambda: 1)
    run.settle(outcome)
    report = make_report(run, Transitions(Keys("q")), 0, desk.tracker.report_answered)
    assert report is not None
    report.in_doubt = True
    attempts = b"1" if isinstance(outcome, Failed) else b""
    desk.tracker.report_answered(report, [-1, b"failed", run.worker_id.encode(), attempts, b"Cancelled: why"])
    assert counts.drain() == {"cancelled": 1}
    assert desk.reported == []
