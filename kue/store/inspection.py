"""What only the doctor asks: the types of keys, and pages of everything there is under a prefix.

Keys come from `SCAN`, members from `ZSCAN` and `HSCAN`, some hundreds at a time, so that no step holds up the server
for more than a few milliseconds. Names come and go as `kue.store.repairs.name` reads them, whatever their bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from redis.exceptions import ResponseError

from kue.connection.connection import Command
from kue.connection.pool import refusal
from kue.store.repairs import name
from kue.store.store import Store

PAGE_SIZE = 500


class Inspection:
    """Questions about the raw keys under one prefix. Every method may raise `ConnectionFailed` or `RedisRefused`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = store.keys

    def kinds(self, keys: Sequence[str]) -> list[str]:
        """The Redis type of each key, `none` if it does not exist."""
        return [name(granted(reply)) for reply in self._store.ask([("TYPE", raw(key)) for key in keys])]

    def types(self) -> list[str]:
        """Every type ever saved."""
        return [name(type) for type in self._store.connections.call("SMEMBERS", self._keys.types)]

    def content(self, id: str) -> Command:
        """The command that asks for type, state and data of a job."""
        return ("HMGET", self._keys.job(id), "type", "state", "data")

    def last_id(self) -> str:
        """The last job id given out, as it is stored."""
        return name(self._store.connections.call("GET", self._keys.ids) or b"")

    def is_job(self, id: int) -> bool:
        """Whether a job with this id has a type."""
        [(type,)] = self._store.fields([id], ("type",))
        return bool(type)

    def pages_of_keys(self) -> Iterator[list[str]]:
        """Every key under the prefix; some may come twice."""
        return self._pages("SCAN", "MATCH", raw(self._keys.pattern))

    def pages_of_members(self, zset: str) -> Iterator[list[str]]:
        """Every member of a zset."""
        return (page[::2] for page in self._pages("ZSCAN", key=zset))

    def pages_of_unique_keys(self) -> Iterator[list[str]]:
        """Every unique key. If a type is called `unique`, its tokens stand in the same place, and there are none."""
        return (page[::2] for page in self._pages("HSCAN", key=self._keys.unique))

    def _pages(self, scan: str, *options: str | bytes, key: str | None = None) -> Iterator[list[str]]:
        cursor: Any = b"0"
        subject = () if key is None else (raw(key),)
        while True:
            [reply] = self._store.ask([(scan, *subject, cursor, *options, "COUNT", PAGE_SIZE)])
            if isinstance(reply, ResponseError) and str(reply).startswith("WRONGTYPE"):
                return
            cursor, page = granted(reply)
            if page:
                yield [name(one) for one in page]
            if cursor == b"0":
                return


def granted(reply: Any) -> Any:
    """A reply, unless it is an error. Raises `RedisRefused`."""
    if isinstance(reply, ResponseError):
        raise refusal(reply) from reply
    return reply


def raw(name: str) -> bytes:
    """The reverse of `kue.store.repairs.name`."""
    return name.encode("utf-8", "surrogateescape")
