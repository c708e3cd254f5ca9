"""What the answer to a report says: whether it counts, and if not, what has become of the job."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from kue.options.values import parse_number
from kue.store import codec
from kue.worker.io.calls import Report
from kue.worker.run import Run


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
