"""A list of jobs: those of a set in an order, of which some are wanted, read in bounded steps."""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kue.common import strict_json
from kue.store import codec
from kue.store.job_hash import JobHash
from kue.store.pages import Pages, Place
from kue.web.read_model.failures import MAX_MESSAGE, blanked
from kue.web.read_model.matching import Span, first_line, has, has_at, has_in_json, is_within
from kue.web.refused import Refused

MAX_SCANNED = 10_000
MAX_SECONDS = 1.5
STEP = 500
MAX_BYTES = 5_000_000
"""So much may the jobs of one answer have together, unless it is a single one."""
_SCORE = re.compile(r"-?(?:inf|[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]{1,3})?)", re.ASCII)  # as Redis writes it
NEXT, NEWEST, OLDEST = ORDERS = ("next", "newest", "oldest")


@dataclass(frozen=True)
class Wanted:
    """Which jobs are wanted: of a set, and with what. Texts are looked for as they are, in any case of letters.

    - `match` is looked for in the data, as JSON and as the text that the JSON stands for, `message` in the first line
      of the error
    - `alike` is such a first line without what differs between failures of one kind, as `blanked` makes it
    - each of `texts` is looked for in the data and in the type, and each of `fields`, a path and a text, in the data
    - `due` is when a delayed job is due
    - `along_state` has the set of the state read, whatever the type: only that set has delayed jobs in their order
    """

    state: str = ""
    type: str = ""
    worker: str = ""
    message: str = ""
    match: str = ""
    created: Span = (None, None)
    failed: Span = (None, None)
    alike: str = ""
    texts: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    due: Span = (None, None)
    along_state: bool = False

    @property
    def type_of_set(self) -> str:
        """The type whose set is read: without a state there is none of its own, and the type is looked at in each."""
        return self.type if self.state and not self.along_state else ""

    def takes(self, job: JobHash) -> bool:
        """Whether a job is wanted."""
        return (
            (not self.type or job.type == codec.text_bytes(self.type))
            and (not self.worker or has(job.workerId, self.worker))
            and (not self.message or has(first_line(job.error), self.message))
            and (not self.alike or blanked(codec.text(first_line(job.error))[:MAX_MESSAGE]) == self.alike)
            and (not self.match or has_in_json(job.data, self.match))
            and all(has(job.type, text) or has_in_json(job.data, text) for text in self.texts)
            and all(has_at(job.data, path, text) for path, text in self.fields)
            and is_within(job.created_at, self.created)
            and is_within(job.failed_at, self.failed)
            and is_within(job.promote_at, self.due)
        )

    @property
    def looks_at(self) -> tuple[str, ...]:
        """The fields of a job that decide whether it is wanted. Every job has the state."""
        used = {
            "type": self.type or self.texts,
            "workerId": self.worker,
            "error": self.message or self.alike,
            "data": self.match or self.texts or self.fields,
            "created_at": self.created != (None, None),
            "failed_at": self.failed != (None, None),
            "promote_at": self.due != (None, None),
        }
        return ("state", *(name for name, is_used in used.items() if is_used))

    @property
    def takes_all(self) -> bool:
        """Whether every job of the set is wanted."""
        return self == Wanted(state=self.state, type=self.type_of_set, along_state=self.along_state)


@dataclass
class Found:
    """The jobs that were found, and where to go on. `total` is the size of the set, `scanned` what was read of it."""

    jobs: list[tuple[int, JobHash]] = field(default_factory=list)
    total: int = 0
    scanned: int = 0
    cursor: str | None = None
    size: int = 0

    def add(self, id: int, job: JobHash) -> None:
        self.jobs.append((id, job))
        self.size += sum(len(value) for value in job if value)

    def is_full(self, limit: int) -> bool:
        """Whether there are as many jobs as one answer may have."""
        return len(self.jobs) >= limit or self.size > MAX_BYTES


class JobList:
    """Finds jobs of one app. `clock` gives seconds that never go back."""

    def __init__(self, pages: Pages, clock: Callable[[], float] = time.monotonic) -> None:
        self._pages = pages
        self._clock = clock

    def find(
        self, wanted: Wanted, order: str, limit: int, cursor: str | None = None, names: Sequence[str] = JobHash._fields
    ) -> Found:
        """Up to `limit` jobs in an order: next (that of Kue), newest or oldest, from a cursor on, with some fields.

        It reads 10,000 jobs or 1.5 s at most. Raises `Refused` (422) if the cursor is none of this order, or if the set
        has too many priorities to be read by age.
        """
        place = read_cursor(cursor, order)
        found = Found(total=self._pages.size(wanted.state, wanted.type_of_set))
        deadline = self.deadline()
        while not found.is_full(limit) and found.scanned < MAX_SCANNED and self._clock() < deadline:
            step = min(STEP, MAX_SCANNED - found.scanned, limit - len(found.jobs) if wanted.takes_all else STEP)
            page = self._page(wanted, order, step, place)
            seen = self.look_at([place.id for place in page], wanted.takes, limit, deadline, found, names)
            place = page[seen - 1] if seen else place
            if seen == len(page) < step:
                return found
        found.cursor = None if place is None else cursor_of(order, place)
        return found

    def at(self, wanted: Wanted, position: int, limit: int) -> Found:
        """The jobs from a position on, in the order of the set. `wanted` is a set, and nothing else."""
        ids = self._pages.ids(
            position, position + limit - 1, limit, wanted.state or None, wanted.type_of_set or None
        ).ids
        found = Found(total=self._pages.size(wanted.state, wanted.type_of_set))
        self.look_at(ids, lambda job: True, limit, self.deadline(), found)
        return found

    def deadline(self) -> float:
        """When a request that begins now is to answer what it has."""
        return self._clock() + MAX_SECONDS

    def look_at(
        self,
        ids: Sequence[int | None],
        takes: Callable[[JobHash], bool],
        limit: int,
        deadline: float,
        found: Found,
        names: Sequence[str] = JobHash._fields,
    ) -> int:
        """Add the jobs that are wanted, until the answer is full or the time is over. None stands for no job.

        Returns how many of the ids it has looked at.
        """
        place_of = {id: place for place, id in enumerate(ids, 1) if id is not None}
        seen = self._look_at(place_of, takes, limit, deadline, found, names) or len(ids)
        found.scanned += seen
        return seen

    def _look_at(
        self,
        place_of: Mapping[int, int],
        takes: Callable[[JobHash], bool],
        limit: int,
        deadline: float,
        found: Found,
        names: Sequence[str],
    ) -> int:
        """The place of the last job that there was room and time for; 0 if that is all of them."""
        for batch in self._pages.batches(list(place_of), names):
            for id, fields in batch:
                if any(fields.values()) and takes(job := JobHash(**fields)):
                    found.add(id, job)
                    if found.is_full(limit):
                        return place_of[id]
            if self._clock() >= deadline:
                return place_of[batch[-1][0]]
        return 0

    def _page(self, wanted: Wanted, order: str, step: int, last: Place | None) -> list[Place]:
        set_ = wanted.state, wanted.type_of_set
        if order == NEXT:
            return self._pages.after(step, *set_, last)
        found = self._pages.by_age(order, step, *set_, last)
        if found is None:
            raise Refused(422, "this set has more than 32 priorities: only the order next is possible")
        return found[0]


def cursor_of(order: str, place: Place) -> str:
    """What a client sends to go on behind a place of an order."""
    text = strict_json.dumps([order, place.member.decode("latin-1"), place.score])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, order: str) -> Place | None:
    """The place of a cursor; None if there is no cursor. Raises `Refused` (422) if it is none of the order."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        match strict_json.loads(text):
            case [str(of), str(member), str(score)] if of == order and (of != NEXT or _SCORE.fullmatch(score)):
                return Place(member.encode("latin-1"), score)
    except (ValueError, binascii.Error):
        pass
    raise Refused(422, f"the cursor is none of the order {order}")
