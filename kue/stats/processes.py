"""Lists the Python processes of a fleet: those that work, and those whose lease ran out in the last hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kue.common import strict_json
from kue.options.values import parse_number
from kue.store.process_record import UNKNOWN_VERSION
from kue.store.stats import Leased, StatsReader
from kue.store.worker_id import parts_of

_LOST_FOR_MS = 3600 * 1000
_LATEST_MS = 2.0**53  # a score may be infinite


@dataclass(frozen=True, slots=True)
class Process:
    """A process with workers, as it has described itself.

    - `id`: its name in Redis, with which the worker ids of its runs begin; `host`, `pid`: where it runs
    - `version`: of this library; `types`: the number of slots of each type
    - `busy`: how many slots ran a job lately; `started`: when it began to work, in ms since the epoch
    - `lost`: when its lease ran out, in ms since the epoch; None while it works

    A process of an older release says less: `busy` and `started` are None then.
    """

    id: str
    host: str
    pid: int
    version: str
    types: Mapping[str, int]
    busy: int | None
    started: int | None
    lost: int | None


def read_processes(reader: StatsReader, now: int) -> list[Process]:
    """Those that work, and then those that were lost, each in the order in which they began."""
    return processes_of(*reader.processes(), now)


def processes_of(leased: Iterable[Leased], ended: Iterable[Leased], now: int) -> list[Process]:
    """The same, from what `StatsReader.processes` gave."""
    found = {one.process: _process(one, lost=one.ends <= now) for one in leased}
    for one in ended:
        if one.process not in found and one.ends > now - _LOST_FOR_MS:
            found[one.process] = _process(one, lost=True)
    return sorted(found.values(), key=lambda one: (one.lost is not None, one.started or 0, one.id))


def _process(leased: Leased, *, lost: bool) -> Process:
    record = leased.record
    host, pid, _ = parts_of(leased.process)
    return Process(
        id=leased.process,
        host=record.get("host") or host,
        pid=_whole(record.get("pid")) or pid,
        version=record.get("version") or UNKNOWN_VERSION,
        types=_types(record.get("types")),
        busy=_whole(record.get("busy")),
        started=_whole(record.get("started")),
        lost=int(min(max(0.0, leased.ends), _LATEST_MS)) if lost else None,
    )


def _whole(text: str | None) -> int | None:
    number = parse_number(text)
    return None if number is None else int(number)


def _types(text: str | None) -> dict[str, int]:
    """What the record says, unless it was written by hand."""
    try:
        read: Any = strict_json.loads(text or "{}")
    except ValueError:
        read = {}
    given = read if isinstance(read, dict) else {}
    return {type: slots for type, slots in given.items() if isinstance(slots, int)}
