"""Plans the jobs that the demo creates, and how each of them is expected to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

# The jobs are planned for this share of the time that is left; the rest is a reserve for a slow machine.
_SHOW_SHARE, _SPARE_SECONDS = 0.8, 2.0
_CREATING_SHARE = 0.5  # of the show
_WORKING_SHARE = 0.4  # of the show
BEFORE_THE_WORKERS = -1.0


@dataclass
class Planned:
    """One job and its expected end. `at` is in seconds after the workers are ready; `id` is set once it is created."""

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
class Timing:
    """The time there is: for the whole show in seconds, and for the work of one job in milliseconds."""

    show_seconds: float
    job_ms: int

    def milliseconds(self, share: float) -> int:
        """A share of the show in milliseconds."""
        return round(1000 * self.show_seconds * share)


@dataclass(frozen=True)
class Part:
    """One type of job. `plan` makes the job with a number; `makers` and `runners` are "python", "node" or both.

    `at_once` jobs are created together. Jobs that both sides run come in such groups. If they came one by one, Node
    would take all of them, since a Node slot waits for one type and a Python process for all of its types at once.
    """

    type: str
    story: str
    share: int
    slots: int
    job_ms: int
    plan: Callable[[int, Timing], Planned]
    makers: tuple[str, ...] = ("python",)
    runners: tuple[str, ...] = ("python",)
    waits_for_workers: bool = True
    at_once: int = 1


def plan_jobs(parts: Sequence[Part], seconds: float, jobs: int, processes: int) -> list[Planned]:
    """Plan `jobs` jobs that fit into `seconds`, in the order of their creation.

    The number of seconds decides what the jobs contain and when they come, but not how many of each type there are.
    """
    show = max(0.3 * seconds, _SHOW_SHARE * (seconds - _SPARE_SECONDS), 0.3)
    planned = []
    for part, count in zip(parts, _counts(parts, jobs), strict=True):
        slots = part.slots * (processes if "python" in part.runners else 1)
        timing = Timing(show, max(1, min(part.job_ms, int(1000 * show * _WORKING_SHARE * slots / count))))
        for number in range(count):
            job = part.plan(number, timing)
            job.maker = part.makers[number % len(part.makers)]
            first_of_group = number - number % part.at_once
            job.at = show * _CREATING_SHARE * first_of_group / count if part.waits_for_workers else BEFORE_THE_WORKERS
            planned.append(job)
    return sorted(planned, key=lambda job: job.at)


def _counts(parts: Sequence[Part], jobs: int) -> list[int]:
    """How many jobs of each part there are: by its share, at least one, and `jobs` in all."""
    whole = sum(part.share for part in parts)
    counts = [max(1, jobs * part.share // whole) for part in parts]
    counts[counts.index(max(counts))] += jobs - sum(counts)
    return counts
