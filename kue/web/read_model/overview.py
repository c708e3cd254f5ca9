"""The queue as a whole, as it is now: counts by state and type, since when jobs wait, what is paused, and rates.

Times are moments and not lengths, so that what stands still does not change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from kue.options.values import ALL_TYPES, STATES
from kue.stats.processes import Process
from kue.store import codec
from kue.store.flow import EVERY_TYPE, StoredFlow, read_flow
from kue.store.live import types_in
from kue.web.read_model.facts import MAX_TYPES, Facts, Lately, moment
from kue.web.read_model.reading import Reader, joined

Counts = Mapping[str, int | None]
_NEVER: tuple[int, tuple[str, ...]] = (-1, ())


@dataclass(frozen=True)
class TypeNow:
    """One type, or all types together, whose name is then "".

    `counts` has None for a set whose key holds something else. `waiting_since` is when the job that waits longest was
    due, `paused_until` is None for a pause without an end. `slots` are those of the Python processes; None if these
    cannot be read.
    """

    name: str
    counts: Counts
    waiting_since: int | None
    flow: StoredFlow
    paused_until: int | None
    lately: Lately
    slots: int | None

    @property
    def is_paused(self) -> bool:
        return self.flow.paused > 0

    def row(self) -> dict[str, Any]:
        """As it is sent."""
        rate = self.flow.rate
        per = None if rate is None else {"jobs": rate[0], "duration": rate[1]}
        is_limited = self.flow.concurrency is not None or per is not None
        return {
            "counts": dict(self.counts),
            "waiting_since": self.waiting_since,
            "paused": self.is_paused,
            "paused_until": self.paused_until,
            "limit": {"concurrency": self.flow.concurrency, "per": per} if is_limited else None,
            "per_minute": round(self.lately.per_minute, 1),
            "slots": self.slots,
        }


class OverviewReader:
    """Reads the queue as a whole. It remembers the names of the types, which are read again only if there are more."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._types = _NEVER

    def all_types(self) -> Reader[tuple[TypeNow, int | None, int | None]]:
        """All types together, when the first delayed job is due, in ms, and how many schedules there are."""
        commands = self._facts.commands
        *replies, flow, next_delayed, schedules = yield [
            *(commands.count(state) for state in STATES),
            commands.flow([EVERY_TYPE]),
            commands.next_delayed(),
            commands.count_schedules(),
        ]
        found = self._made([EVERY_TYPE], replies, flow)[0]
        due = moment(next_delayed[1]) if isinstance(next_delayed, list) and next_delayed else None
        return found, due, _count(schedules)

    def types(self) -> Reader[list[TypeNow]]:
        """The types by name, of which the first `MAX_TYPES` are read."""
        count, names = self._types
        replies = yield self._asked(names)
        if replies[0] != count:
            count = replies[0] if isinstance(replies[0], int) else 0
            [members] = yield [self._facts.commands.types(count)]
            if isinstance(members, ResponseError):
                members = []
            names = tuple(sorted(codec.text(name) for name in types_in(members))[:MAX_TYPES])
            self._types = count, names
            replies = yield self._asked(names)
        return self._made(names, replies[2:], replies[1]) if names else []

    def everything(self) -> Reader[tuple[TypeNow, list[TypeNow]]]:
        """All types together, and the types by name, in the same round trips."""
        both: dict[str, Reader[Any]] = {"all": self.all_types(), "types": self.types()}
        found = yield from joined(both)
        return found["all"][0], found["types"]

    def _asked(self, names: Sequence[str]) -> list[Any]:
        commands = self._facts.commands
        counts = [commands.count(state, name) for name in names for state in STATES]
        return [commands.count_types(), *([commands.flow(names), *counts] if names else [])]

    def _made(self, names: Sequence[str], replies: Sequence[Any], flow: Any) -> list[TypeNow]:
        now, counted = self._facts.now(), iter(replies)
        waits = self._facts.waiting_since(names)
        lately = self._facts.lately([name or ALL_TYPES for name in names])
        processes = self._facts.processes()
        fields = [None] * len(names) if isinstance(flow, ResponseError) else flow
        found = []
        for name, since, field in zip(names, waits, fields, strict=True):
            counts: Counts = {state: _count(next(counted)) for state in STATES}
            held = read_flow(field, now)
            until = int(now + held.paused) if 0 < held.paused < float("inf") else None
            past = lately.get(name or ALL_TYPES, Lately())
            slots = None if processes is None else _slots(processes, name)
            waiting_since = since if counts["inactive"] else None  # that is a little older
            found.append(TypeNow(name, counts, waiting_since, held, until, past, slots))
        return found


def _count(reply: Any) -> int | None:
    return reply if isinstance(reply, int) else None


def _slots(processes: Sequence[Process], type: str) -> int:
    """How many slots the processes that work have for a type, or for all."""
    working = [process.types for process in processes if process.lost is None]
    return sum(slots for types in working for name, slots in types.items() if type in ("", name))
