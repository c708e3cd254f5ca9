"""Has worker processes run jobs, checks that each job ran once, and measures the rate and what it cost."""

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

POLL_SECONDS = 0.2  # seldom, since each request disturbs the workers; the rate does not depend on it
WARM_UP_SHARE = 0.1  # of the jobs, before the clock starts
MARKS = 400  # how many times are taken while the jobs run
MAX_SECONDS = 300.0


@dataclass(frozen=True)
class Drained:
    """What was measured: jobs per second, microseconds of CPU per job, memory in MB, and how many ran at once."""

    rate: float
    max_running: int
    cpu: float
    resident: float
    server: Work
    count: int


def fill(stage: Stage, contestant: Contestant, count: int, payload: int | None = None, **options: Any) -> None:
    """Save `count` jobs, numbered from 0, in a process of the contestant."""
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
    """Run the first `count` of the jobs that `fill` has saved: of `queued` jobs, or of `count` if it is None."""
    with ExitStack() as stack:
        workers = [stack.enter_context(stage.start(contestant, payload)) for _ in range(processes)]
        server_work, cpu_before = stage.server.watch(), sum(worker.cpu() for worker in workers)
        for worker in workers:
            worker.send("work", slots=slots, stride=max(1, count // MARKS // processes), **options)
        for worker in workers:
            worker.receive()
        _wait_until_run(workers, count)
        cpu, work = sum(worker.cpu() for worker in workers) - cpu_before, server_work()
        resident = sum(worker.resident() for worker in workers)
        for worker in workers:
            worker.send("stop")
        for worker in workers:
            worker.receive()
        tallies = [worker.ask("tally") for worker in workers]
    _check(stage, contestant, tallies, count, queued)
    rate = _rate(tallies, count)
    return Drained(rate, max(tally["max_running"] for tally in tallies), 1e6 * cpu / count, resident, work, count)


def _wait_until_run(workers: list[Child], count: int) -> None:
    deadline = time.monotonic() + MAX_SECONDS
    while (done := sum(worker.ask("count") for worker in workers)) < count:
        if time.monotonic() > deadline:
            raise BenchmarkError(f"only {done} of {count} jobs ran in {MAX_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def _check(stage: Stage, contestant: Contestant, tallies: list[dict[str, Any]], count: int, queued: int | None) -> None:
    done, numbers = (sum(tally[what] for tally in tallies) for what in ("count", "sum"))
    if queued is None and (done, numbers) != (count, count * (count - 1) // 2):
        raise BenchmarkError(f"{contestant.title}: {done} runs of {count} jobs, with numbers that add up to {numbers}")
    if contestant.does(ALL):
        if queued is None:
            stage.server.expect(complete=count)
        else:
            stage.server.expect(complete=done, inactive=queued - done)


def _rate(tallies: list[dict[str, Any]], count: int) -> float:
    """Jobs per second, from the marks of all processes, without the warm-up."""
    marks = sorted((mark, tally["stride"]) for tally in tallies for mark in tally["marks"])
    first = int(len(marks) * WARM_UP_SHARE)
    jobs = sum(stride for _, stride in marks[first + 1 :])
    return float(jobs / (marks[-1][0] - marks[first][0]))
