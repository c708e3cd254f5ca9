"""Reads the full-text index in Redis, which Node and Python share. The room `search` makes codes of texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from kue.errors import InvalidOption
from kue.store import codec
from kue.store.queries import Queries

_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


class Matches(NamedTuple):
    """Some of the jobs that have the words of a query, the best first, and how many there are in all.

    A member of the index is the text of an id, unless another program wrote something else there.
    """

    members: list[str]
    total: int


class SearchIndex:
    """The index under one prefix, for any thread. Methods may raise `ConnectionFailed` or `RedisRefused`."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def find(self, codes: Sequence[str], *, any: bool, first: int, most: int) -> Matches:
        """The jobs with all the codes, or with any of them, from position `first` on, up to `most`.

        This looks at the index only, so one of the jobs may be gone. Raises `InvalidOption` if Redis would have to look
        at too many jobs.
        """
        if not codes:
            return Matches([], 0)
        command = self._queries.commands.search(codes, any=any, first=first, count=most)
        total, *pages = self._queries.connections.call(*command)
        if total < 0:
            raise InvalidOption(
                "these words are in more than 200,000 jobs, too many to compare: leave out the most frequent ones"
                if any
                else "each of these words is in more than 200,000 jobs, too many to compare: add a rarer word"
            )
        return Matches([codec.text(member) for page in pages for member in page], total)


def id_of(member: str) -> int | None:
    """The job id that a member of the index is; None if it is none."""
    return int(member) if _ID.fullmatch(member) else None
