"""Builds the commands that follow a queue as it changes. Many of them go out in one round trip, about once a second.

It builds what `commands` lacks, and sends nothing. `server_facts` reads what a server says of itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from kue.connection.connection import Command
from kue.store import codec
from kue.store.commands import Commands
from kue.store.eviction import ask_policy, harmful_policy

_MAX_TYPES_READ = 10_000
_FIELD = re.compile(rb"^(\w+):([^\r\n]*)", re.MULTILINE)


class LiveCommands(Commands):
    """Commands for the keys under one prefix."""

    def count_types(self) -> Command:
        return ("SCARD", self.keys.types)

    def types(self, count: int) -> Command:
        """Ask for the types, of which there are so many. The reply to `SSCAN` has some of very many, behind a cursor.

        Use `types_in` to read it.
        """
        if count <= _MAX_TYPES_READ:
            return ("SMEMBERS", self.keys.types)
        return ("SSCAN", self.keys.types, 0, "COUNT", _MAX_TYPES_READ)

    def flow(self, types: Sequence[str]) -> Command:
        """Ask for what holds each of the types back; "" stands for all types."""
        return ("HMGET", self.keys.flow, *map(codec.text_bytes, types))

    def next_delayed(self) -> Command:
        """Ask for the delayed job that is due first, with when that is, in ms."""
        return ("ZRANGE", self.keys.state("delayed"), 0, 0, "WITHSCORES")

    def count_schedules(self) -> Command:
        return ("ZCARD", self.keys.schedules)

    def late_schedules(self, before: int, most: int) -> Command:
        """Ask for schedules that were due before a moment, with when that was, in ms."""
        return ("ZRANGEBYSCORE", self.keys.schedules, "-inf", before, "WITHSCORES", "LIMIT", 0, most)

    def counted(self, slot: str, start: int, type: str, names: Sequence[str]) -> Command:
        """Ask for some counters of a type in one slot of time."""
        return ("HMGET", self.keys.stats(slot, start, type), *names)

    def fields(self, id: int, names: Sequence[str]) -> Command:
        return ("HMGET", self.keys.job(id), *names)

    def whole_hash(self, id: int) -> Command:
        """Ask for every field of a job, also those that Kue does not know. The reply has names and values in turn."""
        return ("HGETALL", self.keys.job(id))

    def last_id(self) -> Command:
        return ("GET", self.keys.ids)

    def lengths(self, id: int, names: Sequence[str]) -> list[Command]:
        """Ask how long some fields of a job are, since those that did not change need not be read."""
        return [("HSTRLEN", self.keys.job(id), name) for name in names]

    def log(self, id: int, first: int, last: int) -> Command:
        return ("LRANGE", self.keys.log(id), first, last)

    def log_length(self, id: int) -> Command:
        return ("LLEN", self.keys.log(id))

    def first_by_score(self, state: str, type: str, count: int) -> Command:
        """Ask for the first jobs of a set in its own order."""
        return ("ZRANGE", self.keys.zset(state or None, type or None), 0, count - 1)

    def first_with_score(self, state: str, type: str) -> Command:
        """Ask for the first job of a set in its own order, with its score."""
        return ("ZRANGE", self.keys.zset(state or None, type or None), 0, 0, "WITHSCORES")

    def server(self) -> list[Command]:
        """Ask the server about itself. Limited users and hosted servers may be refused each of these."""
        return [ask_policy(), ("INFO", "replication"), ("INFO", "persistence"), ("CONFIG", "GET", "save")]

    def version(self) -> Command:
        """Ask the server for its version. Use `server_version` to read the reply."""
        return ("INFO", "server")


def types_in(reply: Any) -> list[bytes]:
    """The names in a reply to `types`."""
    nested = isinstance(reply, list) and len(reply) == 2 and isinstance(reply[1], list)
    names: list[bytes] = reply[1] if nested else list(reply)
    return names


@dataclass(frozen=True)
class ServerFacts:
    """What a server says of itself. What it does not say counts as harmless.

    `policy` is the eviction policy if keys may be lost by it, else "". `memory` is the share of its limit that it uses,
    0 without a limit.
    """

    policy: str = ""
    memory: float = 0.0
    is_replica: bool = False
    keeps_nothing: bool = False


def server_facts(replies: Sequence[Any]) -> ServerFacts:
    """Read the replies to `LiveCommands.server`."""
    memory, replication, persistence = map(_fields, replies[:3])
    used, most = _whole(memory, b"used_memory"), _whole(memory, b"maxmemory")
    save = replies[3]
    saves_never = isinstance(save, list) and len(save) == 2 and save[1] == b""
    return ServerFacts(
        policy=harmful_policy(replies[0]),
        memory=used / most if most else 0.0,
        is_replica=replication.get(b"role") == b"slave",
        keeps_nothing=saves_never and persistence.get(b"aof_enabled") == b"0",
    )


def server_version(reply: Any) -> str:
    """The name and the version of a server, such as Redis 7.2.4; "" if it does not say."""
    fields = _fields(reply)
    own = fields.get(b"valkey_version")
    version = own or fields.get(b"redis_version", b"")
    return f"{'Valkey' if own else 'Redis'} {codec.text(version)}" if version else ""


def _fields(reply: Any) -> dict[bytes, bytes]:
    return {} if isinstance(reply, ResponseError) else dict(_FIELD.findall(reply))


def _whole(fields: dict[bytes, bytes], name: bytes) -> int:
    digits = fields.get(name, b"0")
    return int(digits) if digits.isdigit() else 0
