"""What the demo is going to create, job by job, and how each of these jobs is to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

# The show takes this part of the time that is left; the rest is for a slow machine.
_SHOW, _SPARE_SECONDS = 0.8, 2.0
_CREATING = 0.5
_WORKING = 0.4
BEFORE_THE_WORKERS = -1.0


@dataclass
class Planned:
    """One job and what is expected of it. `at`: seconds after the workers are ready. `id`: once it is created."""

    type: str
    data: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    at: float = 0.0
    maker: str = "python"
    state: str = "complete"
    attempts: int = 1
    result: Any = None
    error: str = ""
    progress_data: Any = None
    promised: Any = None
    promises: bool = False
    id: int | None = None


@dataclass(frozen=True)
class RecentDuration:
    """How much time there is: for the show in seconds, and for the work of one job in milliseconds."""

    show: float
    job: int

    def milliseconds(self, part: float) -> int:
        """A part of the show."""
        return round(1000 * self.show * part)


@dataclass(frozen=True)
class Part:
    """One type of job. `plan` makes the job with a number; who creates and who runs them is named in words.

    `at_once` jobs are created together. Those that both sides run come in such crowds: a Node slot waits in line for
    one type, a Python process for all of its types at once, so that Node alone would take what comes one by one.
    """

    type: str
    story: str
    share: int
    slots: int
    job_ms: int
    plan: Callable[[int, RecentDuration], Planned]
    makers: tuple[str, ...] = ("python",)
    runners: tuple[str, ...] = ("python",)
    waits_for_workers: bool = True
    at_once: int = 1


def plan_jobs(parts: Sequence[Part], seconds: float, jobs: int, processes: int) -> list[Planned]:
    """So many jobs that fit into so many seconds, in the order of their creation.

    Another number of seconds changes what the jobs are, and when they come, but not how many of each type there are.
    """
    show = max(0.3 * seconds, _SHOW * (seconds - _SPARE_SECONDS), 0.3)
    planned = []
    for part, count in zip(parts, _counts(parts, jobs), strict=True):
        crowd = part.slots * (processes if "python" in part.runners else 1)
        pace = RecentDuration(show, max(1, min(part.job_ms, int(1000 * show * _WORKING * crowd / count))))
        for number in range(count):
            job = part.plan(number, pace)
            job.maker = part.makers[number % len(part.makers)]
            wave = number - number % part.at_once
            job.at = show * _CREATING * wave / count if part.waits_for_workers else BEFORE_THE_WORKERS
            planned.append(job)
    return sorted(planned, key=lambda job: job.at)


def _counts(parts: Sequence[Part], jobs: int) -> list[int]:
    """How many jobs of each part: by its share, at least one, together as many as asked."""
    whole = sum(part.share for part in parts)
    counts = [max(1, jobs * part.share // whole) for part in parts]
    counts[counts.index(max(counts))] += jobs - sum(counts)
    return counts
