"""The table of types: its rows, sorted by trouble or by a column, and those that a text is looked for in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kue.stats.processes import Process
from kue.web.read_model.facts import Facts
from kue.web.read_model.history import NO_PAST, TypePast
from kue.web.read_model.overview import TypeNow
from kue.web.read_model.thresholds import Thresholds

MAX_ROWS = 50
TROUBLE = "trouble"
"""The order that is taken if none is asked for: by the oldest wait, then by how many wait."""


@dataclass(frozen=True)
class Row:
    """A type as it is now, its past, how many processes work on it, and a colour if its jobs wait for too long."""

    now: TypeNow
    past: TypePast
    workers: int | None
    level: Literal["failed", "warning", ""]


@dataclass(frozen=True)
class Table:
    """The rows that are shown, how many types there are with the text, and how many in all."""

    rows: Sequence[Row]
    found: int
    total: int


_Key = Callable[[TypeNow], tuple[float, ...]]


def _of_state(state: str) -> _Key:
    return lambda type: (-(type.counts[state] or 0),)


def _trouble(type: TypeNow) -> tuple[float, ...]:
    waits = float("inf") if type.waiting_since is None else float(type.waiting_since)
    return waits, -(type.counts["inactive"] or 0), -(type.counts["active"] or 0), -type.lately.per_minute


_BY_NOW: Mapping[str, _Key] = {
    TROUBLE: _trouble,
    "waits": _trouble,
    **{state: _of_state(state) for state in ("inactive", "active", "delayed", "failed")},
    "rate": lambda type: (-type.lately.per_minute,),
    "type": lambda type: (),
    "workers": lambda type: (-(type.slots or 0),),
}
_BY_PAST: Mapping[str, Callable[[TypePast], float]] = {
    "p50": lambda past: -(past.p50 or 0.0),
    "p95": lambda past: -(past.p95 or 0.0),
}
ORDERS = (*_BY_NOW, *_BY_PAST)


def type_table(
    types: Sequence[TypeNow], facts: Facts, limits: Thresholds, order: str, text: str, most: int = MAX_ROWS
) -> Table:
    """The table. What is read of the past of types is only that of the rows, unless they are sorted by it."""
    found = [type for type in types if text.casefold() in type.name.casefold()]
    if order in _BY_PAST:
        pasts = facts.pasts([type.name for type in found])
        past_of = _BY_PAST[order]
        shown = sorted(found, key=lambda type: (past_of(pasts.get(type.name, NO_PAST)), type.name))[:most]
    else:
        key = _BY_NOW[order]
        shown = sorted(found, key=lambda type: (key(type), type.name))[:most]
        pasts = facts.pasts(sorted(type.name for type in shown)) if shown else {}
    processes, now = facts.processes(), facts.now()
    rows = [
        Row(type, pasts.get(type.name, NO_PAST), _workers(processes, type.name), _level(type, now, limits))
        for type in shown
    ]
    return Table(rows, len(found), len(types))


def _workers(processes: Sequence[Process] | None, type: str) -> int | None:
    if processes is None:
        return None
    return sum(1 for one in processes if one.lost is None and type in one.types)


def _level(type: TypeNow, now: int, limits: Thresholds) -> Literal["failed", "warning", ""]:
    waits = 0 if type.waiting_since is None else now - type.waiting_since
    return "failed" if waits >= limits.waits_long else "warning" if waits >= limits.waits else ""
