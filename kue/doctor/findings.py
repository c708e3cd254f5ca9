"""The kinds of findings about jobs, a small class for each. Its `str` describes in one line what is wrong.

Two findings are equal if nothing changed between them: `mark` stands for the content of the hash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Finding:
    """Something inconsistent, which `str` describes."""

    transient: ClassVar[bool] = False  # whether a living process may be half-way through it: it is repaired last


@dataclass(frozen=True, slots=True)
class JobFinding(Finding):
    """Something about one job."""

    id: str
    mark: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unreadable(JobFinding):
    """A hash without a type, or a key that is not a hash."""

    transient = True

    def __str__(self) -> str:
        return f"job {self.id} is {'not a hash' if self.mark == 'not a hash' else 'a hash without a type'}"


@dataclass(frozen=True, slots=True)
class TypedFinding(JobFinding):
    """Something about a job whose hash can be read."""

    type: str

    def __str__(self) -> str:
        return f"job {self.id} ({shown(self.type)})"


@dataclass(frozen=True, slots=True)
class Unfinished(TypedFinding):
    """A hash without a state, in no set of a state: the process that saved it died on the way."""

    transient = True

    def __str__(self) -> str:
        return f"{TypedFinding.__str__(self)} has no state: its save was cut off"


@dataclass(frozen=True, slots=True)
class Unsettled(TypedFinding):
    """A state that is missing or unknown, of a job that was saved."""

    state: str
    listed: tuple[str, ...]

    def __str__(self) -> str:
        state = f"has the unknown state {self.state!r}" if self.state else "has no state"
        listed = f"is listed as {' and '.join(self.listed)}" if self.listed else "is listed in no state"
        return f"{TypedFinding.__str__(self)} {state}, and {listed}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One set that disagrees with the hash. `what` is `missing`, `surplus` or `score`; `has` and `due` are scores."""

    what: str
    key: str
    has: str = ""
    due: str = ""

    def __str__(self) -> str:
        if self.what == "missing":
            return f"is missing from {shown(self.key)}"
        if self.what == "surplus":
            return f"is also in {shown(self.key)}"
        return f"has the score {self.has} in {shown(self.key)} instead of {self.due}"


@dataclass(frozen=True, slots=True)
class Misfiled(TypedFinding):
    """State and sets disagree: the job is missing from some, surplus in others, or has the wrong score."""

    state: str
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        return f"{TypedFinding.__str__(self)} has the state {self.state}, but {', '.join(map(str, self.faults))}"


@dataclass(frozen=True, slots=True)
class Stuck(Misfiled):
    """The job is inactive and in no queue, so that no worker takes it: a Node worker died on the way."""

    transient = True


@dataclass(frozen=True, slots=True)
class Abandoned(TypedFinding):
    """The job is active, but its Python process has no lease."""

    transient = True
    worker: str

    def __str__(self) -> str:
        return f"{TypedFinding.__str__(self)} is held by {shown(self.worker)}, whose process has no lease"


@dataclass(frozen=True, slots=True)
class LongActive(TypedFinding):
    """The job is active, but its Node worker has not updated it for longer than the limit that the caller set."""

    worker: str

    def __str__(self) -> str:
        holder = f"is held by {shown(self.worker)}" if self.worker else "is active without a worker"
        return f"{TypedFinding.__str__(self)} {holder}, and was not updated for too long"


@dataclass(frozen=True, slots=True)
class Unheld(TypedFinding):
    """The job was made active by hand. No worker ever had it, and it has no ttl that would end it."""

    transient = True

    def __str__(self) -> str:
        return f"{TypedFinding.__str__(self)} is active, but no worker ever had it"


@dataclass(frozen=True, slots=True)
class Unindexed(TypedFinding):
    """Not all words of the job are in the full-text index: the process that wrote them died on the way."""

    transient = True

    def __str__(self) -> str:
        return f"{TypedFinding.__str__(self)} is not in the full-text index with all of its words"


@dataclass(frozen=True, slots=True)
class NotJson(Finding):
    """A waiting job whose data no worker could read."""

    id: str
    type: str
    data: bytes = field(repr=False)
    problem: str = field(compare=False)

    def __str__(self) -> str:
        return f"job {self.id} ({shown(self.type)}) is waiting, but its data is not JSON ({self.problem})"


def shown(name: str) -> str:
    """A name in a form that can be printed in one line."""
    return name if name.isprintable() else repr(name)[1:-1]
