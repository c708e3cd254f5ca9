"""What runs tell Redis: a report for each, and one call for many that have completed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from redis.exceptions import ResponseError

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
