"""Jobs that have the words of a query, the best first, of which some are wanted. They are read in bounded steps."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kue.errors import InvalidOption
from kue.search.index import query_codes
from kue.store import codec
from kue.store.job_hash import JobHash
from kue.store.pages import Place
from kue.store.search import SearchIndex, id_of
from kue.web.read_model.job_list import MAX_SCANNED, Found, JobList, Wanted, cursor_of, read_cursor
from kue.web.refused import Refused

MAX_CHARACTERS = 1000
MAX_WORDS = 16
_POSITION = re.compile("[0-9]{1,40}", re.ASCII)
_MAX_POSITION = 2**40
BEST = "best"
"""The order of a search: by how often a job has the words."""


def read_query(text: str) -> list[str]:
    """The codes of the words of a query. Raises `InvalidOption` if it is too long."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidOption(f"q must have at most {MAX_CHARACTERS} characters, not {len(text)}")
    codes = query_codes(text)
    if len(codes) > MAX_WORDS:
        raise InvalidOption(f"q must have at most {MAX_WORDS} different words, not {len(codes)}")
    return codes


class JobSearch:
    """Finds jobs of one app in the full-text index."""

    def __init__(self, jobs: JobList, index: SearchIndex) -> None:
        self._jobs = jobs
        self._index = index

    def find(self, wanted: Wanted, codes: Sequence[str], *, any: bool, limit: int, cursor: str | None = None) -> Found:
        """Up to `limit` jobs that have all words, or any of them, from a cursor on.

        The total is that of the index. It reads 10,000 jobs or 1.5 s at most. Raises `Refused` (422) if the cursor is
        none of a search, and `InvalidOption` if the words are too frequent.
        """
        position = _position(cursor)
        most = limit if wanted == Wanted() else MAX_SCANNED
        deadline = self._jobs.deadline()
        matches = self._index.find(codes, any=any, first=position, most=most)
        found = Found(total=matches.total)
        ids = list(map(id_of, matches.members))
        position += self._jobs.look_at(ids, lambda job: _takes(wanted, job), limit, deadline, found)
        found.cursor = cursor_of(BEST, Place(str(position).encode())) if position < matches.total else None
        return found


def _position(cursor: str | None) -> int:
    """The position that a cursor stands for. Raises `Refused` if it is none."""
    place = read_cursor(cursor, BEST)
    text = "0" if place is None else codec.text(place.member)
    if not _POSITION.fullmatch(text):
        raise Refused(422, f"the cursor is none of the order {BEST}")
    return min(int(text), _MAX_POSITION)


def _takes(wanted: Wanted, job: JobHash) -> bool:
    """Whether a job is wanted; its state counts as well, since jobs in all states are in the index."""
    return (not wanted.state or job.state == codec.text_bytes(wanted.state)) and wanted.takes(job)
