"""A page of a list as the pages show it: which ids, in which order, and how to reach the others.

A list without a filter has positions, so that any part of it can be read at once. One with a filter is walked along its
set, in pieces: its pages have a cursor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from operator import itemgetter

from kue.options.values import parse_number
from kue.store.job_hash import JobHash
from kue.store.keys import zid
from kue.store.pages import Place
from kue.store.search import SearchIndex
from kue.web.read_model.job_list import NEWEST, NEXT, OLDEST, JobList, Wanted
from kue.web.read_model.job_search import JobSearch, read_query
from kue.web.refused import Refused
from kue.web.site import Site

PAGE = 100
MAX_STARTED = 1000
"""Of more active jobs, the order by start is not offered."""
DUE, STARTED = "due", "started"
ORDERS_OF: Mapping[str, tuple[str, ...]] = {
    "": (NEWEST, OLDEST),
    "inactive": (NEXT, NEWEST, OLDEST),
    "active": (STARTED, NEWEST, OLDEST),
    "delayed": (DUE, NEWEST, OLDEST),
    "failed": (NEWEST, OLDEST, NEXT),
    "complete": (NEWEST, OLDEST, NEXT),
}
"""The orders of each state; the first is taken if none is named."""


@dataclass(frozen=True)
class Asked:
    """What a page is asked for. `words` are looked for in the index, and have no order but the best first.

    `below` leaves out the jobs with this id and greater ones, so that new jobs do not move the others. It counts with
    the order newest only.
    """

    wanted: Wanted
    order: str
    words: str = ""
    position: int = 0
    cursor: str | None = None
    below: int | None = None


@dataclass(frozen=True)
class Listed:
    """A page. `order` is the one it has, which is another than the one asked for if `reason` says why.

    `total` is the size of the set. `cursor` leads to the jobs behind, if the list has a filter; `scanned` is how many
    jobs were read for this page then. A list without a filter `has_positions`.
    """

    ids: tuple[int, ...]
    total: int
    order: str
    has_positions: bool
    cursor: str | None = None
    scanned: int = 0
    reason: str = ""


class Listing:
    """Reads pages of lists for one app."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._pages = site.pages
        self._jobs = JobList(site.pages)

    def read(self, asked: Asked) -> Listed:
        """The page that is asked for. Raises `Refused` (422) for a bad cursor, and `InvalidOption` for bad words."""
        if asked.words:
            return self._search(asked)
        if asked.order == STARTED:
            return self._by_start(asked)
        if asked.order == DUE:
            return self._walked(replace(asked, order=NEXT, wanted=replace(asked.wanted, along_state=True)), DUE)
        return self._walked(asked, asked.order)

    def _walked(self, asked: Asked, order: str) -> Listed:
        """A page in the order of a set, or by id."""
        wanted = asked.wanted
        if wanted.takes_all and asked.cursor is None:
            found = self._by_rank(asked) if asked.order == NEXT else self._by_age(asked)
            return self._otherwise(asked) if found is None else replace(found, order=order)
        try:
            some = self._jobs.find(wanted, asked.order, PAGE, asked.cursor, wanted.looks_at)
        except Refused:
            if asked.cursor is not None or asked.order == NEXT:
                raise
            return self._otherwise(asked)
        ids = tuple(id for id, _ in some.jobs)
        return Listed(ids, some.total, order, False, some.cursor, some.scanned)

    def _by_rank(self, asked: Asked) -> Listed:
        wanted, first = asked.wanted, asked.position
        page = self._pages.ids(first, first + PAGE - 1, PAGE, wanted.state or None, wanted.type_of_set or None)
        return Listed(tuple(page.ids), self._pages.size(wanted.state, wanted.type_of_set), NEXT, True)

    def _by_age(self, asked: Asked) -> Listed | None:
        wanted, last = asked.wanted, None
        if asked.below is not None and asked.order == NEWEST:
            last = Place(zid(asked.below).encode())
        found = self._pages.by_age(asked.order, PAGE, wanted.state, wanted.type_of_set, last, asked.position)
        if found is None:
            return None
        places, total = found
        return Listed(tuple(place.id for place in places if place.id is not None), total, asked.order, True)

    def _otherwise(self, asked: Asked) -> Listed:
        """The order of the set, since the one that was asked for cannot be had."""
        state = asked.wanted.state
        why = "These jobs have more than 32 priorities or times, so that they are shown in the order of their set only."
        own = DUE if state == "delayed" else NEXT
        return replace(self.read(replace(asked, order=own, cursor=None)), reason=why)

    def _by_start(self, asked: Asked) -> Listed:
        """Active jobs, those that have run longest first."""
        wanted = asked.wanted
        ids = self._pages.ids(0, MAX_STARTED, MAX_STARTED + 1, wanted.state, wanted.type_of_set or None).ids
        if len(ids) > MAX_STARTED:
            found = self.read(replace(asked, order=NEWEST))
            return replace(found, reason=f"More than {MAX_STARTED:,} jobs are active, too many to be ordered by start.")
        names = ("started_at", *wanted.looks_at)
        rows = ((id, JobHash(**fields)) for id, fields in self._pages.rows(ids, names))
        chosen = [(parse_number(job.started_at) or 0, id) for id, job in rows if wanted.takes_all or wanted.takes(job)]
        ordered = [id for _, id in sorted(chosen, key=itemgetter(0, 1))]
        return Listed(tuple(ordered[asked.position :][:PAGE]), len(ordered), STARTED, True)

    def _search(self, asked: Asked) -> Listed:
        search = JobSearch(self._jobs, SearchIndex(self._site.store))
        codes = read_query(asked.words)
        some = search.find(asked.wanted, codes, any=False, limit=PAGE, cursor=asked.cursor)
        return Listed(tuple(id for id, _ in some.jobs), some.total, "best", False, some.cursor, some.scanned)
