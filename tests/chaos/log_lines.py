"""Judges the log lines of runs: each once, in order, up to the end of the run, and while it holds the job.

A handler reports a line with `job.log`. The line is found if it is in the job's log at the end. Reports go to Redis in
batches, each a transaction that checks first that the run holds its job. A batch is not marked: if the connection
breaks before the reply, it is sent again, as a whole, before anything newer.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.chaos.attempts import LOST, PLANNED, TTL_EXCEEDED, ended_itself
from tests.chaos.history import REMOVED, Batch, Job, Step
from tests.chaos.record import Run, is_python

_LINE = re.compile(r"(kue:.*) reports (\d+)")
Window = tuple[int, int]


def complaints(job: Job, runs: Mapping[str, Run], cuts: Sequence[Window], counts: "Counter[str]") -> Iterator[str]:
    """What is wrong with the reports of a job's Python runs; `cuts` is when connections were cut, as far as known."""
    found: dict[str, list[tuple[Batch, list[int]]]] = defaultdict(list)
    for batch in job.batches:
        lines = [match.groups() for match in map(_LINE.fullmatch, batch.lines) if match]
        for worker in dict.fromkeys(worker for worker, _ in lines):
            found[worker].append((batch, [int(number) for by, number in lines if by == worker]))
    for worker in filter(is_python, dict.fromkeys([*found, *runs])):
        run = runs.get(worker, Run())
        end = _end_of(job, worker)
        if any(batch.holder != worker for batch, _ in found[worker]):
            yield f"found a line of a run that did not hold the job: {worker}"
        count, repeats, stray = _in_order([numbers for _, numbers in found[worker]])
        if stray:
            yield f"found out of order: {worker} has {stray} after {count} lines"
        if repeats and not _overlaps(cuts, run.started or 0, end[1].at if end else 0):
            yield f"found twice, and no connection was cut: {worker}"
        if count > len(run.reported) + 1:  # killed after a line, it may have had no time to record that
            yield f"found more than was reported: {worker}, {count} lines of {len(run.reported)}"
        if count < (due := _due(job, run, *end) if end else 0):
            yield f"lines are missing: {worker} had reported {due} before it ended, and {count} were found"
        counts["lines reported"] += len(run.reported)
        counts["lines found"] += count
        counts["batches found twice"] += repeats
        counts["lines of runs cut short that were not found"] += max(0, len(run.reported) - count)


def complaints_of_last(holder: str, lines: int, fields: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the progress and the result that a job, now complete, was sent last."""
    if lines and json.loads(fields.get("progress_data", "null")) != {"by": holder, "n": lines - 1}:
        yield f"its progress is not what {holder} reported last: {fields.get('progress_data')}"
    if lines and fields.get("py_sent") != json.dumps(holder):
        yield f"what was sent is not what {holder} sent last: {fields.get('py_sent')}"


def _in_order(batches: list[list[int]]) -> tuple[int, int, list[int]]:
    """How many lines follow one another, how often a batch was repeated at once, and the first that does neither."""
    count, repeats, before = 0, 0, [-1]
    for numbers in batches:
        if numbers == before:
            repeats += 1
        elif numbers != list(range(count, count + len(numbers))):
            return count, repeats, numbers
        else:
            count, before = count + len(numbers), numbers
    return count, repeats, []


def _end_of(job: Job, worker: str) -> tuple[Step, Step] | None:
    """The step that gave a run its job, and the one that took it away."""
    for taken, end in zip(job.steps, job.steps[1:], strict=False):
        if taken.state == "active" and taken.worker == worker:
            return taken, end
    return None


def _due(job: Job, run: Run, taken: Step, end: Step) -> int:
    """How many lines must be found. A process that ends a run from outside does not know all that it reported."""
    if end.state == REMOVED or (end.at and (end.state == "complete" or end.error.startswith(PLANNED))):
        return len(run.reported)  # the run's own outcome, which comes after all that its handler reported
    if end.ghost or not end.at or end.error == LOST:
        return 0
    if end.error == TTL_EXCEEDED and not ended_itself(job, taken, end):
        return 0
    return sum(at < end.at for at in run.reported)


def _overlaps(windows: Sequence[Window], began: int, ended: int) -> bool:
    return any(begin <= (ended or begin) and began <= end for begin, end in windows)
