"""The outbox sends reports to Redis in order. Beyond its limit it drops the oldest messages first, an outcome never."""

from typing import Any

import pytest

from kue.store.keys import Keys
from kue.store.transitions import Transitions, completion
from kue.worker.io.calls import Report
from kue.worker.io.outbox import Outbox
from kue.worker.outcomes import Completed
from kue.worker.run import Run

NOW = 1_700_000_000_000
TRANSITIONS = Transitions(Keys("q"))


class Answers:
    def __init__(self) -> None:
        self.got: list[tuple[Report, Any]] = []
        self.outbox = Outbox(TRANSITIONS, lambda report, reply: self.got.append((report, reply)))

    def run(self, id: int) -> Run:
        known = {"id": id, "type": "email", "created_at": None, "stored_hash": None, "set_options": None}
        job: Any = type("OfJob", (), known)()
        return Run(job, f"kue:host:7-b:email:{id}", id, NOW, self)

    def notify(self, run: Run) -> None:
        self.outbox.notify(run)

    def flush(self) -> None:
        raise AssertionError("nobody reads here")


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def outbox(answers: Answers) -> Outbox:
    return answers.outbox


def collect(outbox: Outbox) -> list[Report]:
    outbox.absorb(NOW)
    return outbox.collect()


def said(report: Report) -> tuple[int, bool]:
    """The job of a report, and whether it ends the run."""
    return report.run.job.id or 0, report.ends


def test_news_of_runs_are_collected_once_and_in_order(answers: Answers, outbox: Outbox) -> None:
    assert not outbox.waiting
    one, two = answers.run(1), answers.run(2)
    one.apply_effects(("log", "a", ""))
    two.settle(Completed(None))
    one.settle(Completed(b"1"))
    assert outbox.waiting
    reports = collect(outbox)
    assert [said(report) for report in reports] == [(1, True), (2, True)]
    assert reports[0].completion == completion(1, one.worker_id, 0, b"1", ("log", "a", ""))
    assert (collect(outbox), outbox.waiting) == ([], False)


def test_a_second_report_of_a_run_and_those_behind_it_wait_for_the_first(answers: Answers, outbox: Outbox) -> None:
    one, two, three = answers.run(1), answers.run(2), answers.run(3)
    for run in (two, one, three):
        run.settle(Completed(None))
    outbox.absorb(NOW)
    assert [said(report) for report in outbox.collect({one})] == [(2, True)]
    assert outbox.collect({one}) == []
    assert [said(report) for report in outbox.collect()] == [(1, True), (3, True)]


def test_news_of_a_run_wait_while_its_last_report_is_unanswered(answers: Answers, outbox: Outbox) -> None:
    one, two = answers.run(1), answers.run(2)
    one.apply_effects(("log", "0", ""))
    two.apply_effects(("log", "0", ""))
    assert [said(report) for report in outbox.absorb(NOW, {one})] == [(2, False)]
    assert [said(report) for report in outbox.collect({one})] == [(2, False)]

    one.apply_effects(("log", "1", ""))
    two.apply_effects(("log", "1", ""))
    assert outbox.absorb(NOW, {one, two}) == [] and outbox.has_news

    first, second = outbox.absorb(NOW, set())
    assert (first.command[-6:], second.command[-3:]) == (("log", "0", "", "log", "1", ""), ("log", "1", ""))
    assert not outbox.has_news


def test_a_run_with_a_kept_report_makes_no_second_one(answers: Answers, outbox: Outbox) -> None:
    run = answers.run(1)
    run.apply_effects(("log", "0", ""))
    outbox.absorb(NOW, set())
    run.settle(Completed(None))
    assert outbox.absorb(NOW, set()) == []
    assert [said(report) for report in outbox.collect()] == [(1, False)]
    assert [said(report) for report in outbox.absorb(NOW, set())] == [(1, True)]


def test_a_run_woken_without_news_reports_nothing(answers: Answers, outbox: Outbox) -> None:
    answers.run(1).wake()
    assert outbox.waiting
    assert collect(outbox) == []
    assert not outbox.waiting


def test_an_answer_is_handed_on_with_its_report(answers: Answers, outbox: Outbox) -> None:
    answers.run(1).settle(Completed(None))
    (report,) = collect(outbox)
    report.answered([1])
    assert answers.got == [(report, [1])]


def test_a_report_that_was_not_answered_is_sent_first_next_time(answers: Answers, outbox: Outbox) -> None:
    answers.run(1).settle(Completed(None))
    answers.run(2).settle(Completed(None))
    first = collect(outbox)
    answers.run(3).settle(Completed(None))
    outbox.keep(first, sent=True)
    assert outbox.waiting
    again = collect(outbox)
    assert again[:2] == first
    assert [said(report)[0] for report in again] == [1, 2, 3]
    assert [report.in_doubt for report in again] == [True, True, False]


def test_a_report_in_doubt_stays_in_doubt(answers: Answers, outbox: Outbox) -> None:
    answers.run(1).settle(Completed(None))
    reports = collect(outbox)
    outbox.keep(reports, sent=False)
    assert not collect(outbox)[0].in_doubt
    outbox.keep(reports, sent=True)
    collect(outbox)
    outbox.keep(reports, sent=False)
    assert collect(outbox)[0].in_doubt


def test_reports_kept_later_go_before_those_kept_earlier(answers: Answers, outbox: Outbox) -> None:
    answers.run(1).apply_effects(("log", "a", ""))
    older = collect(outbox)
    answers.run(2).apply_effects(("log", "b", ""))
    newer = collect(outbox)
    outbox.keep(newer, sent=False)
    outbox.keep(older, sent=False)
    assert collect(outbox) == [*older, *newer]


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> int:
    """How much is kept, much less than in earnest."""
    monkeypatch.setattr("kue.worker.io.outbox.MAX_MESSAGES", 100)
    return 100


def chatter(answers: Answers, first: int, count: int) -> list[Report]:
    for id in range(first, first + count):
        answers.run(id).apply_effects(("log", "a", ""))
    return collect(answers.outbox)


def outcomes(answers: Answers, first: int, count: int) -> list[Report]:
    for id in range(first, first + count):
        answers.run(id).settle(Completed(None))
    return collect(answers.outbox)


def test_the_outbox_keeps_everything_up_to_its_limit(answers: Answers, outbox: Outbox, limit: int) -> None:
    reports = chatter(answers, 1, limit)
    outbox.keep(reports, sent=False)
    assert outbox.dropped == 0
    assert collect(outbox) == reports


def test_the_outbox_drops_the_oldest_messages_beyond_its_limit(answers: Answers, outbox: Outbox, limit: int) -> None:
    reports = [*outcomes(answers, 1, 3), *chatter(answers, 4, limit + 2)]
    outbox.keep(reports, sent=True)
    assert outbox.dropped == 5
    kept = collect(outbox)
    assert [said(report) for report in kept] == [
        *((id, True) for id in (1, 2, 3)),
        *((id, False) for id in range(9, limit + 6)),
    ]


def test_the_outbox_keeps_outcomes_beyond_every_limit(answers: Answers, outbox: Outbox, limit: int) -> None:
    reports = [*outcomes(answers, 1, limit + 50), *chatter(answers, limit + 51, 7)]
    outbox.keep(reports, sent=False)
    assert outbox.dropped == 7
    assert [said(report) for report in collect(outbox)] == [(id, True) for id in range(1, limit + 51)]


def test_the_outbox_counts_what_it_drops_in_a_long_outage(answers: Answers, outbox: Outbox, limit: int) -> None:
    for round in range(20):
        outbox.keep([*collect(outbox), *chatter(answers, 1 + round * 10, 10)], sent=False)
    kept = collect(outbox)
    assert [said(report)[0] for report in kept] == list(range(limit + 1, 201))
    assert outbox.dropped == 200 - limit


def test_an_outcome_keeps_the_messages_that_it_carries(answers: Answers, outbox: Outbox, limit: int) -> None:
    run = answers.run(1)
    run.apply_effects(("log", "last words", ""))
    run.settle(Completed(None))
    (outcome,) = collect(outbox)
    outbox.keep([outcome, *chatter(answers, 2, limit + 10)], sent=False)
    first = collect(outbox)[0]
    assert first is outcome
    assert first.completion is not None and first.completion[-3:] == ("log", "last words", "")


def test_a_report_counts_as_many_messages_as_it_carries(answers: Answers, outbox: Outbox) -> None:
    """Here the limit is the real one, of ten thousand."""
    reports: list[Report] = []
    for id in (1, 2):
        run = answers.run(id)
        for n in range(6000):
            run.apply_effects(("log", f"line {n}", "", "set", "updated_at", NOW))
        reports += collect(outbox)
    outbox.keep(reports, sent=False)
    assert outbox.dropped == 6000
    assert collect(outbox) == reports[1:]


def test_a_later_report_of_a_run_waits_until_the_earlier_one_is_answered(answers: Answers, outbox: Outbox) -> None:
    """Of two in one round trip the first may be refused and the second not."""
    one, other = answers.run(1), answers.run(2)
    one.apply_effects(("log", "first", ""))
    (first,) = collect(outbox)
    outbox.keep([first], sent=False)
    one.settle(Completed(None))
    other.settle(Completed(None))
    assert collect(outbox) == [first]
    assert outbox.keeps
    outbox.keep([first], sent=False)
    assert collect(outbox) == [first]
    assert [said(report) for report in collect(outbox)] == [(1, True), (2, True)]
    assert not outbox.keeps and outbox.waiting == 0
