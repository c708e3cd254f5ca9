"""What runs report to Redis: a report for each run, one call for many that completed, and what the answers mean."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any

from redis.exceptions import ResponseError

from kue.jobs.run_log import log_cancelled
from kue.options.values import parse_number
from kue.stats.type_counts import TypeCounts
from kue.store import codec, invalid_result
from kue.store.identity import stamp
from kue.store.transitions import (
    CANCELLED_BEFORE_REPLY_LENGTH,
    CANCELLED_REPLY_LENGTH,
    NO_GHOSTS,
    Completion,
    GhostOptions,
    Transitions,
    completion,
)
from kue.worker.io.calls import Call, Report
from kue.worker.outcomes import Completed, Failed, Snoozed, became_a_ghost
from kue.worker.run import Run

_COMPLETION = operator.attrgetter("completion")
_MAX_RUNS_PER_CALL = 100
_MAX_BYTES_PER_CALL = 64_000  # about: so that no call keeps Redis from others for long


class Batch(Call):
    """Many completions, carried out or refused together."""

    __slots__ = ("_reports",)

    def __init__(self, transitions: Transitions, reports: Sequence[Report]) -> None:
        super().__init__(transitions.complete(reports[0].now, *map(_COMPLETION, reports)))
        self._reports = reports

    @property
    def reports(self) -> Sequence[Report]:
        return self._reports

    def answered(self, reply: Any) -> None:
        answers = [reply] * len(self._reports) if isinstance(reply, ResponseError) else reply
        problem: Exception | None = None
        for report, own in zip(self._reports, answers, strict=True):
            try:
                report.on_reply(report, own)
            except Exception as error:  # the others must be answered too
                problem = error
        if problem is not None:
            raise problem


def make_report(run: Run, transitions: Transitions, now: int, on_reply: Callable[[Report, Any], None]) -> Report | None:
    """The report of what is new with a run; None if nothing is."""
    effects, outcome = run.news()
    id, worker = run.id, run.worker_id
    if outcome is None or run.handed_over:
        if outcome is None and not effects:
            return None
        command = transitions.apply_effects(id, "" if run.handed_over and not run.abandoned else worker, now, effects)
        return Report(command, run, ends=outcome is not None, on_reply=on_reply, arguments=len(effects))
    if run.option_effects:
        effects = [*effects, *run.option_effects]
    if isinstance(outcome, Completed):
        stored = run.job.stored_hash  # what was read from Redis is not parsed for this
        more = stamp(run.job.created_at if stored is None else stored.created_at)
        if outcome.invalid is not None:
            more += invalid_result.MESSAGE_KEY
            effects += invalid_result.keep_reason(outcome.result or b"", *outcome.invalid)
        duration = now - run.started if now > run.started else 0
        own = completion(id, worker, duration, outcome.result, effects, more)
        return Report((), run, ends=True, on_reply=on_reply, arguments=len(effects), completion=own, now=now)
    counted, type = "", run.type
    if isinstance(outcome, Failed):
        counted = "failed"
        failure, retry, mode = outcome.failure, outcome.retry, outcome.ttl_mode
        ghosts = NO_GHOSTS
        if mode:
            options = run.job.runtime.options
            ghosts = GhostOptions(options.ghost_retries, options.ghost_delay)
        command = transitions.fail(id, worker, type, now, failure, retry, mode=mode, ghosts=ghosts, effects=effects)
    elif isinstance(outcome, Snoozed):
        counted = "snoozed"
        command = transitions.snooze(id, worker, type, now, outcome.left(now), effects)
    else:
        command = transitions.requeue(id, worker, type, now, outcome.reason, effects)
    return Report(command, run, ends=True, on_reply=on_reply, arguments=len(effects), now=now, outcome=counted)


def merge_completions(calls: Sequence[Call], transitions: Transitions) -> list[Call]:
    """The same calls, with the completions of one moment in one call.

    Completions come first, so that Redis ends jobs before it gives out others. Reports may change places, since each is
    of another run.
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
            if batch and (
                call.now != batch[0].now or len(batch) == _MAX_RUNS_PER_CALL or size + own > _MAX_BYTES_PER_CALL
            ):
                batches.append(Batch(transitions, batch))
                batch, size = [], 0
            batch.append(call)
            size += own
    if batch:
        batches.append(Batch(transitions, batch))
    return batches + others


def _size(completion: Completion) -> int:
    size = len(completion[3])
    if completion[5]:  # effects
        size += sum(len(argument) for argument in completion[6:] if isinstance(argument, (bytes, str)))
    return size


def count(report: Report, reply: Any, counts: TypeCounts) -> None:
    """Count how a run ended that did not complete, which Redis has confirmed.

    That it was cancelled is logged, too, if this process had not learned of it before.
    """
    run = report.run
    if outcome := _counted_as(report, reply):
        duration = max(0, report.now - run.started)
        counts.outcomes[outcome].append(duration)
        if outcome == "cancelled" and not run.cancellation:
            run.ended_at_ttl = None  # which would be logged otherwise
            log_cancelled(run.job, duration, codec.text(reply[-1]), corrects=report.outcome == "failed")


def _counted_as(report: Report, reply: Any) -> str:
    if (report.outcome and report.run.cancellation) or _is_cancelled(reply):
        return "cancelled"
    if report.outcome != "failed":
        return report.outcome
    if became_a_ghost(reply, report.run.job.attempts_made):
        return "ghosts"
    # If the first reply was lost, the job may be gone by now: it was removed when it failed.
    return "failed" if codec.text(reply[1]) in ("failed", "") else "retried"


def _is_cancelled(reply: Any) -> bool:
    """Whether a reply shows that the run was cancelled, which this process may not know. The error comes last then.

    If the first reply was lost, the second one shows it, too.
    """
    return len(reply) == (CANCELLED_REPLY_LENGTH if reply[0] > 0 else CANCELLED_BEFORE_REPLY_LENGTH)


class ReplyStatus(Enum):
    """What became of a report: WRITTEN, or dropped since the run has LOST its job, or since the job is BROKEN."""

    WRITTEN = auto()
    LOST = auto()
    BROKEN = auto()


def classify_reply(report: Report, reply: Any) -> ReplyStatus:
    """What a script's reply means; an error is none."""
    if reply[0] >= 0 or (report.in_doubt and _was_carried_out(report, reply)):
        return ReplyStatus.WRITTEN
    if reply[0] == -1 and _is_in_state(reply, "active", report.run):  # it holds the job, whose hash has lost its type
        return ReplyStatus.BROKEN
    return ReplyStatus.LOST


def _was_carried_out(report: Report, reply: Any) -> bool:
    """Whether a report whose first reply was lost was carried out then, and ended its run.

    The job may have gone on since. If another process put it back, its hash still names the run. Then the attempts
    decide: a failure that was carried out has counted one. A run that ended at its ttl may have made a ghost, and
    counted none.
    """
    run = report.run
    if not report.ends or run.gave_back or run.ended_at_ttl is not None:
        return report.ends
    if reply[0] == -2 or not reply[1]:  # the job is gone; one that fails may have gone with `remove_on_fail`
        return not report.completion or run.job.remove_on_complete()
    counted = len(reply) > 3 and (parse_number(reply[3]) or 0) > run.job.attempts_made
    return counted or _is_in_state(reply, "complete" if report.completion else "failed", run)


def _is_in_state(reply: Any, state: str, run: Run) -> bool:
    """Whether the job is in a state, with this run as its last."""
    return [codec.text(word) for word in reply[1:3]] == [state, run.worker_id]
