"""Plans what a schedule does next, from what Redis holds of it. Raises `InvalidSchedule` for what it cannot compute."""

from __future__ import annotations

from collections.abc import Mapping

from kue.options.values import parse_number
from kue.schedules.definition import Definition
from kue.schedules.timetable import Timetable
from kue.store.schedules import Firing, StoredSchedule


def plan(name: str, read: StoredSchedule, now: int) -> Firing:
    """What a schedule that is due does at `now`."""
    definition, timetable = _timetable(name, read.hash)
    due = timetable.due(round(read.due), now, definition.catch_up)
    return Firing(name, read, timetable.after(now), due)


def next_after(name: str, hash: Mapping[str, bytes], now: int) -> int | None:
    """When a schedule is due after `now` and its last job; None if never again."""
    return _timetable(name, hash)[1].after(max(now, int(parse_number(hash.get("last_at")) or 0)))


def _timetable(name: str, hash: Mapping[str, bytes]) -> tuple[Definition, Timetable]:
    definition = Definition.from_hash(name, hash)
    return definition, definition.timetable(int(parse_number(hash.get("first")) or 0))
