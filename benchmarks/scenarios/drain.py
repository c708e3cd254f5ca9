"""Has jobs run by worker processes, checks that each was run once, and tells the rate and what it took."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from benchmarks.child import Child
from benchmarks.contestants import ALL, BULK, Contestant
from benchmarks.errors import BenchmarkError
from benchmarks.scenarios.scenario import Stage
from benchmarks.server import Work

POLL = 0.2  # seldom, since asking disturbs; the rate does not depend on it
WARM_UP = 0.1  # the share of the jobs before the clock starts
MARKS = 400
PATIENCE = 300.0


@dataclass(frozen=True)
class Drained:
    """What came of it. CPU in microseconds for each job, memory in MB."""

    rate: float
    most: int
    cpu: float
    resident: float
    server: Work
    count: int


def fill(stage: Stage, contestant: Contestant, count: int, payload: int | None = None, **options: Any) -> None:
    """Save so many jobs, numbered from 0, by a process of the contestant."""
    with stage.start(contestant, payload) as child:
        how = "bulk" if contestant.does(BULK) else "each"
        child.ask("save", how=how, first=0, count=count, **options)
        child.ask("stop")


def drain(
    stage: Stage,
    contestant: Contestant,
    count: int,
    slots: int,
    *,
    queued: int | None = None,
    processes: int = 1,
    payload: int | None = None,
    **options: Any,
) -> Drained:
    """Run the first `count` of `queued` jobs (None: of as many), which `fill` has saved."""
    all_of_them = queued is None
    with ExitStack() as stack:
        workers = [stack.enter_context(stage.start(contestant, payload)) for _ in range(processes)]
        told, cpu_before = stage.server.watch(), sum(worker.cpu() for worker in workers)
        for worker in workers:
            worker.tell("work", slots=slots, stride=max(1, count // MARKS // processes), **options)
        for worker in workers:
            worker.hear()
        _await(workers, count)
        cpu, work = sum(worker.cpu() for worker in workers) - cpu_before, told()
        resident = sum(worker.resident() for worker in workers)
        for worker in workers:
            worker.tell("stop")
        for worker in workers:
            worker.hear()
        tallies = [worker.ask("tally") for worker in workers]
    _check(stage, contestant, tallies, count, None if all_of_them else queued)
    rate = _rate(tallies, count)
    return Drained(rate, max(tally["most"] for tally in tallies), 1e6 * cpu / count, resident, work, count)


def _await(workers: list[Child], count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while (done := sum(worker.ask("count") for worker in workers)) < count:
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{done} of {count} jobs were run in {PATIENCE:.0f} s")
        time.sleep(POLL)


def _check(stage: Stage, contestant: Contestant, tallies: list[dict[str, Any]], count: int, queued: int | None) -> None:
    done, numbers = (sum(tally[what] for tally in tallies) for what in ("count", "sum"))
    if queued is None and (done, numbers) != (count, count * (count - 1) // 2):
        raise BenchmarkError(f"{contestant.title}: {done} runs of {count} jobs, whose numbers add up to {numbers}")
    if contestant.does(ALL):
        if queued is None:
            stage.server.expect(complete=count)
        else:
            stage.server.expect(complete=done, inactive=queued - done)


def _rate(tallies: list[dict[str, Any]], count: int) -> float:
    """Jobs a second, from the marks of all processes, the first part left out."""
    marks = sorted((mark, tally["stride"]) for tally in tallies for mark in tally["marks"])
    warm = int(len(marks) * WARM_UP)
    jobs = sum(stride for _, stride in marks[warm + 1 :])
    return float(jobs / (marks[-1][0] - marks[warm][0]))
