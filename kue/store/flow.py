"""The pauses and limits of types in Redis, for all processes at once. A call is one round trip.

`FlowCommands` builds the command of the script in lua/flow. The script `take` obeys what is set.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from kue.connection.connection import Argument, Command
from kue.store import codec, scripts
from kue.store.keys import Keys
from kue.store.store import Store

EVERY_TYPE = ""
FOREVER = "inf"
_UNSET = ""
_MAX_DIGITS = 16  # of a limit, as in `take`: a number holds so many exactly


class StoredFlow(NamedTuple):
    """What is set for a type. `paused` is the ms that its pause lasts from now on: 0 if there is none.

    `rate` is how many may start in how many ms.
    """

    paused: float = 0
    concurrency: int | None = None
    rate: tuple[int, int] | None = None


class FlowCommands:
    """Commands for the limits under one prefix. The head of the script explains its arguments and its reply."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def change_flow(self, type: str, parts: Mapping[str, Argument]) -> Command:
        pairs = [value for pair in parts.items() for value in pair]
        return scripts.command("change_flow", self.keys, type, *pairs)


class Flow:
    """What is set under one prefix, for any thread. Every method may raise `ConnectionFailed` or `RedisRefused`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.commands = FlowCommands(store.keys)

    def pause(self, type: str, duration: int | None) -> None:
        """Let no job of a type, or of all types, become active for so many ms. None: until `resume`."""
        self._change(type, until=FOREVER if duration is None else duration)

    def resume(self, type: str) -> None:
        """End a pause."""
        self._change(type, until=_UNSET)

    def limit(self, type: str, **changes: int | None) -> StoredFlow:
        """Set `concurrency`, or `n` and `ms` of the rate, or all; None takes one away. Returns what is set then."""
        return self._change(type, **{name: _UNSET if value is None else value for name, value in changes.items()})

    def read(self, *types: str) -> list[StoredFlow]:
        """What is set for each of the types."""
        now = self._store.now()
        fields = self._store.connections.call("HMGET", self._store.keys.flow, *types)
        return [read_flow(field, now) for field in fields]

    def _change(self, type: str, **parts: Argument) -> StoredFlow:
        field, now = self._store.connections.call(*self.commands.change_flow(type, parts))
        return read_flow(field, int(now))


def read_flow(field: bytes | None, now: int) -> StoredFlow:
    """Read a field of the hash. What cannot be read limits nothing, as in `take`."""
    ends, *limits = codec.text(field or b"").split(",")
    concurrency, n, ms, *_ = [*map(_whole, limits), None, None, None]
    paused = math.inf if ends == FOREVER else max(0, int(ends) - now) if ends.isdecimal() else 0
    return StoredFlow(paused, concurrency, None if n is None or ms is None else (n, ms))


def _whole(digits: str) -> int | None:
    return int(digits) if digits.isdecimal() and len(digits) <= _MAX_DIGITS else None
