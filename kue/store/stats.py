"""Numbers of the past in Redis: what processes counted, by type, in minutes, ten minutes and hours.

`StatsCommands` builds the commands of the scripts in lua/stats; `StatsReader` reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from kue.connection.connection import Argument, Command
from kue.connection.pool import refusal
from kue.connection.reply_text import is_wrong_kind
from kue.options.values import parse_number
from kue.store import codec, scripts
from kue.store.keys import Keys
from kue.store.queries import Queries


class Resolution(NamedTuple):
    """Slots of one length: how their keys name it, the length, and how long slots are kept, both in seconds."""

    name: str
    length: int
    kept: int


RESOLUTIONS = (
    Resolution("m", 60, 2 * 3600),
    Resolution("t", 600, 48 * 3600),
    Resolution("h", 3600, 14 * 24 * 3600),
)
"""As in flush_stats.lua, the finest first."""
MINUTE_SECONDS = RESOLUTIONS[0].length
HOURS = RESOLUTIONS[-1]


class Leased(NamedTuple):
    """What Redis holds of a process: its name, when its lease ends or has ended (ms), and its record."""

    process: str
    ends: float
    record: Mapping[str, str]


class StatsCommands:
    """Commands for the numbers under one prefix. The head of each script explains its arguments and its reply."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def flush_stats(self, minute: int, types: Mapping[str, tuple[int, Mapping[str, int]]]) -> Command:
        """Add, for each type, its longest run in ms and its counters. `minute` is when it begins, in seconds."""
        flat: list[Argument] = []
        for type, (longest, counters) in types.items():
            flat += [codec.text_bytes(type), longest, len(counters)]
            for name, number in counters.items():
                flat += [name, number]
        return self._command("flush_stats", minute, *flat)

    def oldest_wait(self, type: str | None) -> Command:
        return self._command("oldest_wait", type or "")

    def _command(self, script: str, *arguments: Argument) -> Command:
        return scripts.command(script, self.keys, *arguments)


_ENDED = ("completed", "failed", "retried")
_NOTHING_ENDED = [None] * len(_ENDED)
_NONE: tuple[int, int | None] = (0, None)


class StatsReader:
    """For any thread. Every method may raise `ConnectionFailed` or `RedisRefused`."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._keys = queries.keys
        self._commands = StatsCommands(queries.keys)

    def with_numbers(self, types: Sequence[str], hours: Sequence[int]) -> list[str]:
        """Those of the types of which anything was counted in one of these hours, given as they begin, in seconds."""
        commands = [("EXISTS", *(self._keys.stats(HOURS.name, start, type) for start in hours)) for type in types]
        return [type for type, found in zip(types, self._ask(commands), strict=True) if found]

    def slots(self, type: str, name: str, starts: Sequence[int]) -> Iterator[tuple[int, dict[str, int]]]:
        """The counters of a type in each slot that has any, with the start of the slot."""
        yield from self.slots_of_types([type], name, starts)[0]

    def slots_of_types(
        self, types: Sequence[str], name: str, starts: Sequence[int]
    ) -> list[list[tuple[int, dict[str, int]]]]:
        """The same of several types, in the same round trips."""
        pairs = [(type, start) for type in types for start in starts]
        replies = iter(self._queries.ask([("HGETALL", self._keys.stats(name, start, type)) for type, start in pairs]))
        return [
            [
                (start, _numbers(flat))
                for start, flat in zip(starts, islice(replies, len(starts)), strict=True)
                if flat and not isinstance(flat, ResponseError)  # a key of another kind is a case for the doctor
            ]
            for _ in types
        ]

    def ended(self, types: Sequence[str], name: str, starts: Sequence[int]) -> list[list[tuple[int, int, int]]]:
        """How many runs of each type completed, failed, and failed to be retried, in each slot."""
        commands = [("HMGET", self._keys.stats(name, start, type), *_ENDED) for type in types for start in starts]
        replies = map(_ended, self._queries.ask(commands))
        return [list(islice(replies, len(starts))) for _ in types]

    def waiting(self, types: Sequence[str | None]) -> list[tuple[int, int | None]]:
        """For each type, or all (None): how many jobs wait, and when the one that waits longest was due, in ms.

        They are 0 and None if the key of a type holds something else.
        """
        return [
            _NONE if isinstance(reply, ResponseError) else (int(reply[0]), _whole(reply[1]))
            for reply in self._ask([self._commands.oldest_wait(type) for type in types], lenient=True)
        ]

    def processes(self) -> tuple[list[Leased], list[Leased]]:
        """The processes that have a lease, be it run out or not, and those whose lease was ended for them."""
        leases, lost = self._ask(
            [("ZRANGE", key, 0, -1, "WITHSCORES") for key in (self._keys.leases, self._keys.lost)],
        )
        found = [(codec.text(name), float(ends)) for flat in (leases, lost) for name, ends in _pairs(flat)]
        records = self._queries.ask([("HGETALL", self._keys.worker(process)) for process, _ in found])
        held = [
            Leased(process, ends, {} if isinstance(flat, ResponseError) else _texts(flat))
            for (process, ends), flat in zip(found, records, strict=True)
        ]
        count = len(leases) // 2
        return held[:count], held[count:]

    def _ask(self, commands: Sequence[Command], *, lenient: bool = False) -> list[Any]:
        """The replies. If `lenient`, a key of the wrong kind is left to the caller."""
        replies = self._queries.ask(commands)
        for reply in replies:
            if isinstance(reply, ResponseError) and not (lenient and is_wrong_kind(reply)):
                raise refusal(reply) from reply
        return replies


def _ended(reply: Any) -> tuple[int, int, int]:
    """What is in a key of another kind, or no number, counts nothing."""
    if not isinstance(reply, list) or reply == _NOTHING_ENDED:
        return 0, 0, 0
    completed, failed, retried = (int(raw) if raw and raw.isdigit() else 0 for raw in reply)
    return completed, failed, retried


def _whole(raw: bytes) -> int | None:
    number = parse_number(raw)
    return None if number is None else int(number)


def _pairs(flat: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)


def _texts(flat: Sequence[bytes]) -> dict[str, str]:
    return {codec.text(name): codec.text(content) for name, content in _pairs(flat)}


def _numbers(flat: Sequence[bytes]) -> dict[str, int]:
    """Counters by name. What is no whole number was written by hand, and is left out.

    A number below 0 takes back what was counted in an earlier slot, about a job that Redis did not save after all.
    """
    return {codec.text(name): int(number) for name, number in _pairs(flat) if number.removeprefix(b"-").isdigit()}
