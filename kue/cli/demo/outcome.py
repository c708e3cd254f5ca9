"""Compares how every job of the demo ended with the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import kue_send
from kue.cli.demo.node import NodeSide
from kue.cli.demo.plan import BEFORE_THE_WORKERS, Part, Planned
from kue.cli.demo.tally import Tally
from kue.errors import JobFailed
from kue.store.worker_id import process_of

# Each process knows the clock of Redis to half of a round trip, which is long on a busy machine.
_CLOCKS_DIFFER_MS = 200


@dataclass
class Row:
    """How many jobs of one type there are, and how they ended. `made_by` and `run_by` count Python's and Node's."""

    type: str
    created: int = 0
    complete: int = 0
    failed: int = 0
    unfinished: int = 0
    retries: int = 0
    made_by: Counter[str] = field(default_factory=Counter)
    run_by: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Starts:
    """The starts of one job that the demo received: how many, and the time of the last (ms since the epoch)."""

    count: int
    last_at: int


@dataclass
class Outcome:
    """How all jobs ended. The rows add up; `deviations` is empty if everything ended as expected."""

    rows: list[Row]
    promises: int
    resolved: int
    rejected: int
    deviations: list[str]
    node: str = ""


def compare(
    parts: Sequence[Part],
    plan: Sequence[Planned],
    queue: kue_send.Queue,
    promises: Sequence[tuple[Planned, kue_send.Promise]],
    tally: Tally,
    node: NodeSide | None,
) -> Outcome:
    """Read every job from Redis, and compare it with the plan."""
    jobs: dict[int | None, kue_send.Job] = {job.id: job for job in kue_send.Job.range(0, -1, queue=queue)}
    rows = {part.type: Row(part.type) for part in parts}
    deviations: list[str] = []
    for planned in plan:
        job = jobs.pop(planned.id, None) if planned.id is not None else None
        if job is None:
            continue
        _count(rows[planned.type], planned, job)
        if job.state() in ("complete", "failed"):
            starts = Starts(tally.starts[job.id or 0], tally.last_start.get(job.id or 0, 0))
            deviations += [f"{job.type} {job.id} {what}" for what in differences(planned, job, starts)]
    deviations = _left_over(parts, plan, rows, jobs) + deviations + disorder(plan, tally.started)
    settled = [promise for _, promise in promises if promise.done()]
    for planned, promise in promises:
        deviations += [
            f"the promise of {planned.type} {planned.id} {what}" for what in _promise_differences(planned, promise)
        ]
    rejected = sum(promise.exception(timeout=0) is not None for promise in settled)
    outcome = Outcome(list(rows.values()), len(promises), len(settled) - rejected, rejected, deviations)
    if node is not None:
        deviations += _node_differences(parts, plan, rows, node)
        outcome.node = _node_summary(node)
    return outcome


def ran_by(worker_id: str | None) -> str:
    """The side that ran a job."""
    if worker_id is None:
        return "unknown"
    return "python" if process_of(worker_id) else "node"


def _count(row: Row, planned: Planned, job: kue_send.Job) -> None:
    row.created += 1
    row.made_by[planned.maker] += 1
    state = job.state()
    if state in ("complete", "failed"):
        row.complete += state == "complete"
        row.failed += state == "failed"
        row.run_by[ran_by(job.worker_id)] += 1
        row.retries += job.attempts_made - 1
    else:
        row.unfinished += 1


def differences(planned: Planned, job: kue_send.Job, starts: Starts) -> Iterator[str]:
    """How a job that has ended differs from the plan, in words that follow its name."""
    error = (job.error() or "").partition("\n")[0]
    if job.state() != planned.state:
        yield f"is {job.state()}, not {planned.state}" + (f" ({error})" if error else "")
        return
    if job.attempts_made != planned.attempts:
        yield f"took {job.attempts_made} attempts, not {planned.attempts}"
    if starts.count != job.attempts_made:
        yield f"was started {starts.count} times for {job.attempts_made} attempts"
    if planned.state == "failed" and error != planned.error:
        yield f"failed with {error!r}, not {planned.error!r}"
    if planned.state == "complete" and job.result != planned.result:
        yield f"has the result {job.result!r}, not {planned.result!r}"
    if job.progress_data != planned.progress_data:
        yield f"has made progress to {job.progress_data!r}, not {planned.progress_data!r}"
    # This does not use started_at, since a worker reads its clock a little before Redis gives it the job.
    if starts.last_at + _CLOCKS_DIFFER_MS < (job.promote_at or 0):
        yield "was started before it was due"


def _left_over(
    parts: Sequence[Part], plan: Sequence[Planned], rows: dict[str, Row], unplanned: dict[int | None, kue_send.Job]
) -> list[str]:
    found = []
    wanted = Counter(job.type for job in plan)
    for part in parts:
        row = rows[part.type]
        if row.created != wanted[part.type]:
            found.append(f"{part.type}: {wanted[part.type] - row.created} of {wanted[part.type]} jobs were not created")
        if row.unfinished:
            found.append(f"{part.type}: {row.unfinished} of {row.created} jobs are unfinished")
    return found + [f"{job.type} {job.id} was not planned" for job in unplanned.values()]


def disorder(plan: Sequence[Planned], started: Sequence[int]) -> list[str]:
    """The first start that was out of order: jobs that wait before the workers start run by priority, then by id."""
    waiting = {job.id: job for job in plan if job.at == BEFORE_THE_WORKERS}
    ranks = [(kue_send.PRIORITIES[waiting[id].options["priority"]], id) for id in started if id in waiting]
    for earlier, later in pairwise(ranks):
        if earlier > later:
            return [f"{waiting[later[1]].type} {later[1]} was started after {earlier[1]}, against their priorities"]
    return []


def _promise_differences(planned: Planned, promise: kue_send.Promise) -> Iterator[str]:
    if not promise.done():
        yield "is not settled"
        return
    problem = promise.exception(timeout=0)
    if planned.state == "failed":
        message = planned.error.partition(": ")[2]
        if not isinstance(problem, JobFailed) or problem.message != message:
            yield f"should have failed with {message!r}, but has {problem or promise.result(timeout=0)!r}"
    elif problem is not None:
        yield f"failed: {problem}"
    elif promise.result(timeout=0) != planned.promised:
        yield f"resolved with {promise.result(timeout=0)!r}, not {planned.promised!r}"


def _node_differences(
    parts: Sequence[Part], plan: Sequence[Planned], rows: dict[str, Row], node: NodeSide
) -> Iterator[str]:
    """How Node's reports differ from Redis and from the plan."""
    for planned in plan:
        ended = node.outcomes.get(planned.id or 0)
        if planned.maker == "node" and planned.id and ended is None:
            yield f"Node did not receive the end of {planned.type} {planned.id}"
        elif ended is not None and (ended.state, ended.result) != (planned.state, planned.result):
            yield f"Node received the end of {planned.type} {planned.id} as {ended.state} with {ended.result!r}"
    by_node = sum(row.run_by["node"] for row in rows.values())
    if len(node.runs) != by_node:
        yield f"Node reports that it ran {len(node.runs)} jobs, Redis has {by_node}"
    for part in parts:
        row = rows[part.type]
        number = row.complete + row.failed
        for runner in ("python", "node"):
            if runner not in part.runners and row.run_by[runner]:
                yield f"{part.type}: {runner} ran {row.run_by[runner]} jobs that were not for it"
            if runner in part.runners and number and not row.run_by[runner]:
                yield f"{part.type}: {runner} ran none of {number} jobs"


def _node_summary(node: NodeSide) -> str:
    return (
        f"Node created {len(node.created)} jobs and received the end of {len(node.outcomes)}, after {node.retries} "
        f"retries; its worker ran {len(node.runs)} jobs in {sum(node.runs.values())} runs"
    )
