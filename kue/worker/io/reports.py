"""What runs report to Redis: a report for each run, one call for many that completed, and what the answers mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any

from redis.exceptions import ResponseError

from kue.options.values import parse_number
from kue.store import codec
from kue.store.transitions import Completion, Transitions, completion
from kue.worker.io.calls import Call, Report
from kue.worker.run import Completed, Failed, Run

_MOST = 100  # runs in one call,
_MOST_BYTES = 64_000  # and about how much they bring, so that no call keeps Redis for long


class Batch(Call):
    """Many completions, carried out or refused together."""

    __slots__ = ("_reports",)

    def __init__(self, transitions: Transitions, reports: Sequence[Report]) -> None:
        super().__init__(transitions.complete(reports[0].now, *[one.completion for one in reports if one.completion]))
        self._reports = reports

    @property
    def reports(self) -> Sequence[Report]:
        return self._reports

    def answered(self, reply: Any) -> None:
        answers = [reply] * len(self._reports) if isinstance(reply, ResponseError) else reply
        trouble: Exception | None = None
        for report, own in zip(self._reports, answers, strict=True):
            try:
                report.answered(own)
            except Exception as problem:  # the others are answered all the same
                trouble = problem
        if trouble is not None:
            raise trouble


def report_of(run: Run, transitions: Transitions, now: int, settled: Callable[[Report, Any], None]) -> Report | None:
    """The report of what is new with a run, if anything is."""
    said, outcome = run.news()
    id, worker, type = run.job.id or 0, run.worker_id, run.job.type
    if outcome is None or run.handed_over:
        if outcome is None and not said:
            return None
        command = transitions.apply_effects(id, "" if run.handed_over and not run.abandoned else worker, now, said)
        return Report(command, run, ends=outcome is not None, settled=settled, said=len(said))
    if isinstance(outcome, Completed):
        own = completion(id, worker, max(0, now - run.started), outcome.result, said)
        return Report((), run, ends=True, settled=settled, said=len(said), completion=own, now=now)
    if isinstance(outcome, Failed):
        failure, retry, mode = outcome.failure, outcome.retry, outcome.ttl_mode
        command = transitions.fail(id, worker, type, now, failure, retry, mode=mode, effects=said)
    else:
        command = transitions.requeue(id, worker, type, now, said)
    return Report(command, run, ends=True, settled=settled, said=len(said))


def merged(calls: Sequence[Call], transitions: Transitions) -> list[Call]:
    """The same calls, completions of one moment in one; they come first, so that what is taken follows what has ended.

    Reports are of different runs, so that their order is free.
    """
    batches: list[Call] = []
    others: list[Call] = []
    batch: list[Report] = []
    size = 0
    for call in calls:
        if not isinstance(call, Report) or not call.completion:
            others.append(call)
        elif call.alone:
            batches.append(Batch(transitions, [call]))
        else:
            own = _size(call.completion)
            if batch and (call.now != batch[0].now or len(batch) == _MOST or size + own > _MOST_BYTES):
                batches.append(Batch(transitions, batch))
                batch, size = [], 0
            batch.append(call)
            size += own
    if batch:
        batches.append(Batch(transitions, batch))
    return batches + others


def _size(completion: Completion) -> int:
    said = sum(len(argument) for argument in completion[5:] if isinstance(argument, (bytes, str)))
    return said + len(completion[3])


class ReplyStatus(Enum):
    """WRITTEN, or dropped: the run does not hold the job any more (LOST), or it is no job any more (BROKEN)."""

    WRITTEN = auto()
    LOST = auto()
    BROKEN = auto()


def classify_reply(report: Report, reply: Any) -> ReplyStatus:
    """Judge what a script answered, which is no error."""
    if reply[0] >= 0 or (report.in_doubt and _was_carried_out(report, reply)):
        return ReplyStatus.WRITTEN
    if reply[0] == -1 and _is(reply, "active", report.run):  # the run holds it, but for the type that its hash has lost
        return ReplyStatus.BROKEN
    return ReplyStatus.LOST


def _was_carried_out(report: Report, reply: Any) -> bool:
    """Of a report whose first reply was lost: whether its run ended by it.

    The job may have gone on since. One that others put back still names the run; what tells then is whether an attempt
    was counted.
    """
    run = report.run
    if not report.ends or run.gave_back:
        return report.ends
    if reply[0] == -2 or not reply[1]:
        return run.job.remove_on_complete()
    counted = len(reply) > 3 and (parse_number(reply[3]) or 0) > run.job.attempts_made
    return counted or _is(reply, "complete" if report.completion else "failed", run)


def _is(reply: Any, state: str, run: Run) -> bool:
    """Whether the job is in a state by this run."""
    return [codec.text(word) for word in reply[1:3]] == [state, run.worker_id]
