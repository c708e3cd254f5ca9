"""Reads pages of jobs for programs that show them: by position, with a bound, and never a broken job as an error."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from redis.exceptions import ResponseError

from kue.options.values import STATES
from kue.store import codec
from kue.store.batch_size import BatchSize
from kue.store.keys import id_or_member, ids_of
from kue.store.queries import Queries

_MEMBERS_PER_READ = 1000
# At first, and at most. What was read is kept until a client has taken it, and the first may be large already.
_HASHES_PER_READ = (4, 500)
_LINES_PER_READ = (20, 5000)
_MAX_TYPES_READ = 10_000


class Page(NamedTuple):
    """Some ids, in the order of their set. `truncated` tells that there were more than were allowed."""

    ids: list[int]
    truncated: bool


class Place(NamedTuple):
    """A place in a set of jobs: a member, and the text of its score if that is known."""

    member: bytes
    score: str = ""

    @property
    def id(self) -> int | None:
        """The id of the job there; None if the member is no zid."""
        id = id_or_member(codec.text(self.member))
        return id if isinstance(id, int) else None


Row = tuple[int, dict[str, bytes | None]]
"""A job: its id, and some of its fields by name."""


class Pages:
    """Pages of the jobs under one prefix, for any thread. Methods may raise `ConnectionFailed` or `RedisRefused`."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def ids(self, start: int, stop: int, most: int, state: str | None = None, type: str | None = None) -> Page:
        """The ids at positions `start` to `stop`, both included, but no more than `most`.

        Positions are those of `ZRANGE`: negative ones count from the end.
        """
        sets = [(state, type)] if state or not type else [(each, type) for each in STATES]
        total = sum(self._queries.counts(sets))
        start, stop = max(0, _from_start(start, total)), min(total - 1, _from_start(stop, total))
        last = min(stop, start + most - 1)
        if start > last:
            return Page([], False)
        if len(sets) == 1:
            found = self._queries.ids(start, last, state, type)
        else:
            found = ids_of(islice(self._merged(sets), start, last + 1))
        return Page(found, stop > last)

    def types(self) -> list[str]:
        """Every type ever saved, in the order in which Redis gives them, as Kue does."""
        return [codec.text(name) for name in self._queries.connections.call("SMEMBERS", self._queries.keys.types)]

    def some_types(self, most: int) -> list[str]:
        """The first of the types in the order of their names. Of very many types, these are the first of some of them.

        So the reply stays small, however many types there are. There are none if the key holds something else.
        """
        key = self._queries.keys.types
        count = self._queries.ask_kinds([("SCARD", key)])[0]
        if isinstance(count, ResponseError):
            return []
        if count <= _MAX_TYPES_READ:
            return self._queries.types()[:most]
        names = self._queries.connections.call("SSCAN", key, 0, "COUNT", _MAX_TYPES_READ)[1]
        return sorted(codec.text(name) for name in names)[:most]

    def log(self, id: int, first: int, most: int) -> tuple[list[str], int]:
        """Lines of a job's log from a position on, and how many there are. None if its key holds something else."""
        key = self._queries.keys.log(id)
        lines, total = self._queries.ask_kinds([("LRANGE", key, first, first + most - 1), ("LLEN", key)])
        if isinstance(lines, ResponseError) or isinstance(total, ResponseError):
            return [], 0
        return [codec.text(line) for line in lines], total

    def work_time(self) -> bytes | None:
        """The total duration of completed runs as it is stored, in ms; None before any."""
        found: bytes | None = self._queries.connections.call("GET", self._queries.keys.work_time)
        return found

    def log_lines(self, id: int) -> Iterator[str]:
        """All lines of a job's log. They are read some thousand at a time, when they are needed."""
        start, batch = 0, BatchSize(*_LINES_PER_READ)
        while True:
            count = batch.count
            lines = self._queries.connections.call("LRANGE", self._queries.keys.log(id), start, start + count - 1)
            batch.came(len(lines), sum(map(len, lines)))
            yield from map(codec.text, lines)
            if len(lines) < count:
                return
            start += count

    def after(self, most: int, state: str = "", type: str = "", last: Place | None = None) -> list[Place]:
        """Places, with their scores, in the order of their set, by priority, behind one of it.

        Fewer than `most` are the last of the set. Members that are no zids count too.
        """
        score, member = (b"", b"") if last is None else (last.score.encode(), last.member)
        reply = self._queries.connections.call(*self._queries.commands.scored_after(state, type, most, score, member))
        return [Place(member, codec.text(score)) for member, score in zip(reply[::2], reply[1::2], strict=True)]

    def size(self, state: str = "", type: str = "") -> int:
        """How many jobs a set has; 0 if its key holds something else."""
        return self.counts([(state or None, type or None)])[0] or 0

    def by_age(
        self, order: str, most: int, state: str = "", type: str = "", last: Place | None = None, passed_over: int = 0
    ) -> tuple[list[Place], int] | None:
        """The newest or the oldest jobs by id, behind the place `last` in that order, and how many there are in all.

        `order` is "newest" or "oldest". So many jobs behind the place are `passed_over`. Fewer than `most` are the last
        of the set. Members that are no zids count too. None if the set has more priorities than can be merged.
        """
        behind = b"" if last is None else last.member
        command = self._queries.commands.ids_by_age(state, type, order, most, behind, passed_over)
        total, *members = self._queries.connections.call(*command)
        return None if total < 0 else (list(map(Place, members)), total)

    def counts(self, sets: Sequence[tuple[str | None, str | None]]) -> list[int | None]:
        """How many jobs are in each pair of state and type; None if its key holds something else."""
        replies = self._queries.ask_kinds([self._queries.commands.count(state, type) for state, type in sets])
        return [None if isinstance(reply, ResponseError) else reply for reply in replies]

    def _merged(self, sets: Sequence[tuple[str | None, str | None]]) -> Iterator[bytes]:
        """The members of several sets in the order of one: by score, then by member."""
        return (member for _, member in heapq.merge(*(self._members(*each) for each in sets)))

    def _members(self, state: str | None, type: str | None) -> Iterator[tuple[float, bytes]]:
        start = 0
        while True:
            key, stop = self._queries.keys.zset(state, type), start + _MEMBERS_PER_READ - 1
            found = self._queries.connections.call("ZRANGE", key, start, stop, "WITHSCORES")
            yield from zip(map(float, found[1::2]), found[::2], strict=True)
            if len(found) < 2 * _MEMBERS_PER_READ:
                return
            start += _MEMBERS_PER_READ

    def rows(self, ids: Sequence[int], names: Sequence[str]) -> Iterator[Row]:
        """Some fields of many jobs. They are read some at a time, when they are needed."""
        for batch in self.batches(ids, names):
            batch.reverse()
            while batch:
                yield batch.pop()  # so that a client that takes them slowly keeps only those to come in memory

    def batches(self, ids: Sequence[int], names: Sequence[str]) -> Iterator[list[Row]]:
        """The same, as lists of those that are read at a time: some hundred, or fewer if they are large."""
        start, size = 0, BatchSize(*_HASHES_PER_READ)
        while some := ids[start : start + size.count]:
            yield self._batch(some, names, size)
            start += len(some)

    def _batch(self, ids: Sequence[int], names: Sequence[str], size: BatchSize) -> list[Row]:
        rows = self._queries.fields(ids, names)
        size.came(len(ids), sum(len(value) for row in rows for value in row if value))
        return [(id, dict(zip(names, row, strict=True))) for id, row in zip(ids, rows, strict=True)]


def _from_start(position: int, total: int) -> int:
    return position + total if position < 0 else position
