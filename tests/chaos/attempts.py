"""Judges the attempts of one job that Python workers had: each ended as planned, or was lost."""

from collections.abc import Callable, Iterator, Mapping

from tests.chaos.history import REMOVED, Job, Step
from tests.chaos.plan import COROUTINE, LATE, RAISES, SUCCEEDS, JobPlan
from tests.chaos.record import Run

LOST, TTL_EXCEEDED, PLANNED = "worker lost", "TTL exceeded", "Planned: "
MARGIN = 5000  # ms after its ttl from which on a checker may end a run of Python's
MAY_END_AS = {LATE: (TTL_EXCEEDED, LOST), RAISES: (PLANNED, TTL_EXCEEDED, LOST), SUCCEEDS: (TTL_EXCEEDED, LOST)}


def failures(job: Job) -> Iterator[tuple[Step, Step]]:
    """Each attempt that failed: the step that took the job, and the one that ended the attempt."""
    taken = Step("", "")
    for step in job.steps:
        if step.state == "active":
            taken = step
        elif step.error:
            yield taken, step


def ended_itself(job: Job, taken: Step, end: Step) -> bool:
    """Whether a run that exceeded its ttl was ended by its own process: a checker could not have done it yet."""
    return end.error == TTL_EXCEEDED and end.at - taken.at < _ttl(job) + MARGIN


def complaints(
    plan: JobPlan, job: Job, state: str, runs: Mapping[str, Run], is_harmed: Callable[[str], bool]
) -> Iterator[str]:
    """What is wrong; `is_harmed`: whether anything was done to the process of a worker before the end."""
    made = 0
    for taken, end in failures(job):
        planned = plan.attempt(made)
        if not end.error.startswith(MAY_END_AS[planned]):
            yield f"attempt {made + 1}, which {planned}, failed otherwise: {end.error.partition(chr(10))[0]}"
        if end.error == TTL_EXCEEDED:
            yield from _judge_late(job, taken, end, runs.get(taken.worker, Run()))
            if plan.type == COROUTINE and planned == LATE and ended_itself(job, taken, end):
                run = runs.get(taken.worker, Run())
                if run.started is not None and not run.was_cancelled and not is_harmed(taken.worker):
                    yield f"not cancelled at its ttl: {taken.worker}"
        made += 1
    most = int(plan.options.get("attempts", 1))
    if state == "failed" and made != most:
        yield f"failed after {made} of {most} attempts"
    if state in ("complete", REMOVED):
        if plan.attempt(made) != SUCCEEDS:
            yield f"complete by attempt {made + 1}, which {plan.attempt(made)}"
        if state == "complete" and job.fields.get("attempts") != str(made + 1):
            yield f"attempts miscounted: {job.fields.get('attempts')} instead of {made + 1}"


def _judge_late(job: Job, taken: Step, end: Step, run: Run) -> Iterator[str]:
    """A run that exceeded its ttl took that long. If its own process ended it, `job.lost` was true for its handler."""
    if end.at - taken.at < _ttl(job):
        yield f"ended before its ttl: {taken.worker}, after {end.at - taken.at} ms of {_ttl(job)}"
    facts = run.returned.facts if run.returned is not None else {"asked_at": 0}
    if ended_itself(job, taken, end) and facts["asked_at"] > end.at and not facts["lost"]:
        yield f"its handler did not learn that it had exceeded its ttl: {taken.worker}"


def _ttl(job: Job) -> int:
    return int(job.fields.get("ttl", 0))
