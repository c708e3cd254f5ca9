"""What the doctor can find: a small class for each kind, which says in one line what is wrong.

Two findings are equal where nothing has changed meanwhile: `mark` stands for the hash as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Finding:
    """Something inconsistent. `str` says what."""

    transient: ClassVar[bool] = False
    """Whether it looks like the work of a living process half-way through its steps, so that it is mended later."""


@dataclass(frozen=True, slots=True)
class JobFinding(Finding):
    """Something about one job."""

    id: str
    mark: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unreadable(JobFinding):
    """A hash without a type, or a key that is no hash."""

    transient = True

    def __str__(self) -> str:
        return f"job {self.id} is {'no hash' if self.mark == 'not a hash' else 'a hash without a type'}"


@dataclass(frozen=True, slots=True)
class TypedFinding(JobFinding):
    """Something about a job whose hash can be read."""

    type: str

    def __str__(self) -> str:
        return f"job {self.id} ({shown(self.type)})"


@dataclass(frozen=True, slots=True)
class Unfinished(TypedFinding):
    """A hash without a state, in no state's sets: whoever saved it died on the way."""

    transient = True

    def __str__(self) -> str:
        return f"{TypedFinding.__str__(self)} has no state: its save was cut off"


@dataclass(frozen=True, slots=True)
class Unsettled(TypedFinding):
    """A state that is missing or unknown, of a job that was saved."""

    state: str
    listed: tuple[str, ...]

    def __str__(self) -> str:
        says = f"has the unknown state {self.state!r}" if self.state else "has no state"
        return f"{TypedFinding.__str__(self)} {says}, and is listed as {' and '.join(self.listed) or 'nothing'}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One set that disagrees with the hash: `what` is missing, surplus or score."""

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
    """State and sets disagree: missing from some, surplus in others (two states), or with the wrong score."""

    state: str
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        return f"{TypedFinding.__str__(self)} says {self.state}, and {', '.join(map(str, self.faults))}"


@dataclass(frozen=True, slots=True)
class Stuck(Misfiled):
    """It says inactive and is in no queue, so that nobody ever takes it: a Node worker died on the way."""

    transient = True


@dataclass(frozen=True, slots=True)
class Abandoned(TypedFinding):
    """Active for a Python process that has no lease."""

    transient = True
    worker: str

    def __str__(self) -> str:
        return f"{TypedFinding.__str__(self)} is active for {shown(self.worker)}, whose process has no lease"


@dataclass(frozen=True, slots=True)
class LongActive(TypedFinding):
    """Active for a Node worker that has not touched it for longer than was asked for."""

    worker: str

    def __str__(self) -> str:
        who = shown(self.worker) or "nobody"
        return f"{TypedFinding.__str__(self)} is active for {who}, and was not touched for too long"


@dataclass(frozen=True, slots=True)
class NotJson(Finding):
    """A waiting job that no worker could read."""

    id: str
    type: str
    data: bytes = field(repr=False)
    problem: str = field(compare=False)

    def __str__(self) -> str:
        return f"job {self.id} ({shown(self.type)}) waits with data that is not JSON ({self.problem})"


@dataclass(frozen=True, slots=True)
class Stray(Finding):
    """A member of a zset of jobs that has no business there; `type` is that of the zset, "" for all types."""

    key: str
    type: str
    member: str
    why: str
    job_type: str = ""

    def __str__(self) -> str:
        if self.why == "no zid":
            return f"{shown(self.key)} holds {self.member!r}, which stands for no job"
        id = self.member.partition("|")[2]
        if self.why == "no job":
            return f"{shown(self.key)} lists job {id}, which does not exist"
        return f"{shown(self.key)} lists job {id}, which is of type {shown(self.job_type)}"


@dataclass(frozen=True, slots=True)
class LeakedLog(Finding):
    """A log without its job."""

    id: str

    def __str__(self) -> str:
        return f"the log of job {self.id} has outlived it"


@dataclass(frozen=True, slots=True)
class LeakedUnique(Finding):
    """A unique key whose job is gone."""

    key: str
    id: str

    def __str__(self) -> str:
        return f"the unique key {self.key!r} stands for job {self.id}, which does not exist"


@dataclass(frozen=True, slots=True)
class UnlistedType(Finding):
    """A type that has jobs and is not among the types; `id` is one of them."""

    type: str
    id: str = field(compare=False)

    def __str__(self) -> str:
        return f"the type {shown(self.type)} has jobs, such as {self.id}, and is not among the types"


@dataclass(frozen=True, slots=True)
class MissingTokens(Finding):
    """Fewer tokens than waiting jobs, so that idle Node workers sleep beside them."""

    type: str
    missing: int

    def __str__(self) -> str:
        return f"the type {shown(self.type)} has {self.missing} tokens fewer than waiting jobs"


@dataclass(frozen=True, slots=True)
class SurplusTokens(Finding):
    """Many more tokens than waiting jobs, each a vain look for a worker."""

    type: str
    surplus: int

    def __str__(self) -> str:
        return f"the type {shown(self.type)} has {self.surplus} tokens more than waiting jobs"


@dataclass(frozen=True, slots=True)
class IdsBehind(Finding):
    """New jobs would get the ids of jobs that exist."""

    highest: int
    last: str = field(compare=False)

    def __str__(self) -> str:
        return f"the last id given out is {self.last or 'missing'}, and there is a job {self.highest}"


@dataclass(frozen=True, slots=True)
class WrongKind(Finding):
    """A key that holds something else than Kue keeps there. Not repaired: nobody but its owner knows what it is."""

    key: str
    has: str
    due: str

    def __str__(self) -> str:
        return f"{shown(self.key)} is a {self.has} and not a {self.due}: move it away by hand"


def shown(name: str) -> str:
    """A name as one may print it."""
    return name if name.isprintable() else repr(name)[1:-1]
