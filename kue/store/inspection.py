"""Queries for the doctor: the Redis types of keys, and everything under a prefix, page by page.

Keys come from `SCAN`, members from `ZSCAN` and `HSCAN`. A page has some hundred of them, so that no step delays the
server for more than a few milliseconds. Names are text as `repairs.decode_name` reads them, whatever their bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from redis.exceptions import ResponseError

from kue.connection.connection import Command
from kue.connection.pool import refusal
from kue.connection.reply_text import is_wrong_kind
from kue.store import eviction
from kue.store.indexed_job import MARK
from kue.store.keys import KEYS
from kue.store.repairs import decode_name
from kue.store.store import Store

PAGE_SIZE = 500


class Inspection:
    """Queries for the keys under one prefix. Every method may raise `ConnectionFailed` or `RedisRefused`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = store.keys

    def kinds(self, keys: Sequence[str]) -> list[str]:
        """The Redis type of each key; `none` if the key does not exist."""
        return [
            decode_name(unless_refused(reply))
            for reply in self._store.ask([("TYPE", encode_name(key)) for key in keys])
        ]

    def types(self) -> list[str]:
        """Every type ever saved."""
        return [decode_name(type) for type in self._store.connections.call("SMEMBERS", self._keys.types)]

    def content(self, id: str) -> Command:
        """The command that reads type, state and data of a job, and the token of an indexing that is not over."""
        return ("HMGET", self._keys.job(id), "type", "state", "data", MARK)

    def last_id(self) -> str:
        """The last job id given out, as it is stored."""
        return decode_name(self._store.connections.call("GET", self._keys.ids) or b"")

    def is_job(self, id: int) -> bool:
        """Whether a job with this id has a type."""
        [(type,)] = self._store.fields([id], ("type",))
        return bool(type)

    def harmful_eviction_policy(self) -> str:
        """The policy by which the server may delete keys; "" if it never does, or does not say."""
        return eviction.harmful_policy(self._store.ask([eviction.ask_policy()])[0])

    def pages_of_keys(self) -> Iterator[list[str]]:
        """Every key under the prefix. Some may come twice."""
        return self._pages("SCAN", "MATCH", encode_name(self._keys.pattern))

    def prefixes_with_jobs(self) -> list[str]:
        """Every prefix in the database that has jobs, sorted."""
        ending = self._keys.jobs.removeprefix(self._keys.prefix)
        pages = self._pages("SCAN", "MATCH", f"*{ending}", "TYPE", KEYS["jobs"].kind)
        return sorted({key.removesuffix(ending) for page in pages for key in page})

    def pages_of_members(self, zset: str) -> Iterator[list[str]]:
        """Every member of a zset."""
        return (page[::2] for page in self._pages("ZSCAN", key=zset))

    def pages_of_zsets(self, zsets: Mapping[str, str]) -> Iterator[list[tuple[str, list[str]]]]:
        """Every member of several zsets, given by name and key: for each page the names, with some members each."""
        cursors = dict.fromkeys(zsets, b"0")
        while cursors:
            asked = [("ZSCAN", encode_name(zsets[name]), at, "COUNT", PAGE_SIZE) for name, at in cursors.items()]
            replies = dict(zip(cursors, self._store.ask_kinds(asked), strict=True))
            found = {name: reply for name, reply in replies.items() if not isinstance(reply, ResponseError)}
            yield [(name, [decode_name(one) for one in page[::2]]) for name, (_, page) in found.items() if page]
            cursors = {name: at for name, (at, _) in found.items() if at != b"0"}

    def pages_of_unique_keys(self) -> Iterator[list[str]]:
        """Every unique key. None if a type is called `unique`, since its list of tokens has the same key."""
        return (page[::2] for page in self._pages("HSCAN", key=self._keys.unique))

    def pages_of_schedules(self) -> Iterator[list[str]]:
        """The name of every schedule that is in their zset."""
        return self.pages_of_members(self._keys.schedules)

    def _pages(self, scan: str, *options: str | bytes, key: str | None = None) -> Iterator[list[str]]:
        cursor: Any = b"0"
        subject = () if key is None else (encode_name(key),)
        while True:
            [reply] = self._store.ask([(scan, *subject, cursor, *options, "COUNT", PAGE_SIZE)])
            if is_wrong_kind(reply):
                return
            cursor, page = unless_refused(reply)
            if page:
                yield [decode_name(one) for one in page]
            if cursor == b"0":
                return


def unless_refused(reply: Any) -> Any:
    """Return the reply. Raises `RedisRefused` if it is an error."""
    if isinstance(reply, ResponseError):
        raise refusal(reply) from reply
    return reply


def encode_name(name: str) -> bytes:
    """The bytes of a name: the reverse of `repairs.decode_name`."""
    return name.encode("utf-8", "surrogateescape")
