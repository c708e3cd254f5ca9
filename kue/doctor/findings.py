"""The kinds of findings, a small class for each. Its `str` describes in one line what is wrong.

Two findings are equal if nothing changed between them: `mark` stands for the content of the hash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from kue.store import eviction


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
class NotJson(Finding):
    """A waiting job whose data no worker could read."""

    id: str
    type: str
    data: bytes = field(repr=False)
    problem: str = field(compare=False)

    def __str__(self) -> str:
        return f"job {self.id} ({shown(self.type)}) is waiting, but its data is not JSON ({self.problem})"


@dataclass(frozen=True, slots=True)
class Stray(Finding):
    """A member of a zset of jobs that does not belong there. `type` is that of the zset, "" for all types."""

    key: str
    type: str
    member: str
    why: str
    job_type: str = ""

    def __str__(self) -> str:
        if self.why == "no zid":
            return f"{shown(self.key)} holds {self.member!r}, which does not name a job"
        id = self.member.partition("|")[2]
        if self.why == "no job":
            return f"{shown(self.key)} lists job {id}, which does not exist"
        return f"{shown(self.key)} lists job {id}, which is of type {shown(self.job_type)}"


@dataclass(frozen=True, slots=True)
class LeakedLog(Finding):
    """A log whose job is gone."""

    id: str

    def __str__(self) -> str:
        return f"the log of job {self.id} has outlived it"


@dataclass(frozen=True, slots=True)
class LeakedUnique(Finding):
    """A unique key whose job is gone."""

    key: str
    id: str

    def __str__(self) -> str:
        return f"the unique key {self.key!r} belongs to job {self.id}, which does not exist"


@dataclass(frozen=True, slots=True)
class UnlistedType(Finding):
    """A type that has jobs, but is missing from the set of types. `id` is one of the jobs."""

    type: str
    id: str = field(compare=False)

    def __str__(self) -> str:
        return f"the type {shown(self.type)} has jobs, such as job {self.id}, but is missing from the set of types"


@dataclass(frozen=True, slots=True)
class MissingTokens(Finding):
    """Fewer tokens than waiting jobs, so that idle Node workers do not wake up for them."""

    type: str
    missing: int

    def __str__(self) -> str:
        return f"the type {shown(self.type)} has {self.missing} tokens fewer than waiting jobs"


@dataclass(frozen=True, slots=True)
class SurplusTokens(Finding):
    """Many more tokens than waiting jobs. For each, a worker looks for a job in vain."""

    type: str
    surplus: int

    def __str__(self) -> str:
        return f"the type {shown(self.type)} has {self.surplus} tokens more than waiting jobs"


@dataclass(frozen=True, slots=True)
class IdsBehind(Finding):
    """The last id given out is too low: new jobs would get the ids of existing ones."""

    highest: int
    last: str = field(compare=False)

    def __str__(self) -> str:
        return f"the last id given out is {self.last or 'missing'}, but job {self.highest} exists"


@dataclass(frozen=True, slots=True)
class WrongKind(Finding):
    """A key of another Redis type (`has`) than Kue's (`due`). It is not repaired: only its owner knows what it is."""

    key: str
    has: str
    due: str

    def __str__(self) -> str:
        return f"{shown(self.key)} is a {self.has} and not a {self.due}: move it away by hand"


@dataclass(frozen=True, slots=True)
class Evicting(Finding):
    """The server may delete keys when its memory is full. It is not repaired: its owner may need it for other data."""

    policy: str

    def __str__(self) -> str:
        return eviction.warning(self.policy)


def shown(name: str) -> str:
    """A name in a form that can be printed in one line."""
    return name if name.isprintable() else repr(name)[1:-1]
