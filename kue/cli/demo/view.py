"""The state of the demo at one moment: how many jobs of each type are in which state, as Redis has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kue.cli.demo.plan import Part, Planned
from kue.queue.queue import Queue

# The order of the stretches of a bar: finished jobs come first.
STATES = ("complete", "failed", "active", "delayed", "inactive")


@dataclass(frozen=True)
class Line:
    """One type: what it demonstrates, how many jobs are planned, and how many are in each state."""

    type: str
    story: str
    planned: int
    states: dict[str, int]

    @property
    def done(self) -> int:
        return self.states["complete"] + self.states["failed"]

    @property
    def created(self) -> int:
        return sum(self.states.values())


@dataclass(frozen=True)
class View:
    """Everything that a display shows. Times are in seconds; `lines` has the latest lines, `notes` all notes."""

    place: str
    elapsed: float
    seconds: float
    types: list[Line]
    retries: int
    rate: float
    promises: tuple[int, int]
    lines: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()

    @property
    def total(self) -> Line:
        """All types together."""
        states = {state: sum(line.states[state] for line in self.types) for state in STATES}
        return Line("total", "", sum(line.planned for line in self.types), states)


def count_jobs(queue: Queue, parts: Sequence[Part], plan: Sequence[Planned]) -> list[Line]:
    """Count the jobs of each type by state, in one round trip."""
    store = queue.runtime.store
    planned = Counter(job.type for job in plan)
    counts = iter(store.counts([(state, part.type) for part in parts for state in STATES]))
    return [
        Line(part.type, part.story, planned[part.type], {state: next(counts) for state in STATES}) for part in parts
    ]
