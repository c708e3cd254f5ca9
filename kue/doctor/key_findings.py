"""The kinds of findings about sets, other keys and the server. They are as those in `findings`."""

from __future__ import annotations

from dataclasses import dataclass, field

from kue.doctor.findings import Finding, shown
from kue.store import eviction


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
class LeakedWords(Finding):
    """Words in the full-text index whose job is gone."""

    id: str

    def __str__(self) -> str:
        return f"the full-text index has words of job {self.id}, which does not exist"


@dataclass(frozen=True, slots=True)
class OneWayWord(Finding):
    """A word in the full-text index that only one side has: the `job`, the codes of the `object`, or the `word` lacks.

    `missing` is that side.
    """

    code: str
    id: str
    missing: str

    def __str__(self) -> str:
        entry = f"job {shown(self.id)} under the code {shown(self.code)!r}"
        if self.missing == "job":
            return f"the full-text index has {entry}, and the job does not exist"
        side = "the codes of the job lack it" if self.missing == "object" else "the jobs of the code lack it"
        return f"the full-text index has {entry} in one direction only: {side}"


@dataclass(frozen=True, slots=True)
class LeakedSchedule(Finding):
    """A recurring job whose hash is gone."""

    name: str

    def __str__(self) -> str:
        return f"the schedule {self.name!r} is listed, but its hash is gone"


@dataclass(frozen=True, slots=True)
class UnlistedSchedule(Finding):
    """A recurring job that is never due, since it is missing from the zset of schedules."""

    name: str

    def __str__(self) -> str:
        return f"the schedule {self.name!r} is never due: it is missing from the set of schedules"


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
