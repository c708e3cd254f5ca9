"""Reads back what processes have counted: sums and percentiles by type, and how they went over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from kue.options.values import ALL_TYPES
from kue.stats.buckets import percentile
from kue.stats.type_counts import MAX, RUN_BUCKET, WAIT_BUCKET
from kue.store.stats import HOURS, RESOLUTIONS, Resolution, StatsReader

_SUMS = ("created", "started", "completed", "failed", "retried", "ghosts", "snoozed", "cancelled", "run", "wait", MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What happened to the jobs of a type in a time.

    - `created`, `started`: jobs that were saved, and runs that began
    - `completed`, `failed`, `retried`: runs that ended so; `failed` for good, `retried` if another attempt follows
    - `ghosts`, `snoozed`, `cancelled`: runs that gave their job back, and jobs that were cancelled
    - `run`, `wait`: milliseconds in all that runs took, and that jobs had waited when they were started
    - `max`, `p50`, `p95`: the longest run, and the time that half and 95 % of the runs did not exceed, in ms
    - `wait_p95`: the same of the waits

    Percentiles are right to a fifth, and None if nothing ran or was started.
    """

    created: int = 0
    started: int = 0
    completed: int = 0
    failed: int = 0
    retried: int = 0
    ghosts: int = 0
    snoozed: int = 0
    cancelled: int = 0
    run: int = 0
    wait: int = 0
    max: int = 0
    p50: float | None = None
    p95: float | None = None
    wait_p95: float | None = None

    @classmethod
    def of(cls, counters: Mapping[str, int], **more: Any) -> Self:
        """From counters with the names that they have in Redis."""
        runs, waits = _histogram(counters, RUN_BUCKET), _histogram(counters, WAIT_BUCKET)
        longest = counters.get(MAX)
        return cls(
            **{name: counters.get(name, 0) for name in _SUMS},
            p50=percentile(runs, 0.5, longest),
            p95=percentile(runs, 0.95, longest),
            wait_p95=percentile(waits, 0.95),
            **more,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeStats(Numbers):
    """The same, with how it went and what waits now.

    - `series`: pairs of when a slot of time began, in ms since the epoch, and its numbers; only slots with any
    - `waiting`: how many jobs wait in their queue now
    - `oldest_wait`: for how long the one that waits longest has waited, in ms; 0 if none waits
    """

    series: Sequence[tuple[int, Numbers]] = field(default=(), repr=False)
    waiting: int = 0
    oldest_wait: int = 0


def read_stats(reader: StatsReader, known: Iterable[str], since: int, now: int) -> dict[str, TypeStats]:
    """The numbers of those of the known types of which there are any, for the last `since` ms."""
    resolution, starts = slots_of(since, now)
    hours = range(starts[0] - starts[0] % HOURS.length, starts[-1] + 1, HOURS.length)
    types = list(dict.fromkeys(known))
    counted = set(reader.with_numbers(types, hours))
    waiting = reader.waiting([None if type == ALL_TYPES else type for type in types])
    found = {}
    for type, (count, due) in zip(types, waiting, strict=True):
        if not count and type not in counted and type != ALL_TYPES:
            continue
        slots = list(reader.slots(type, resolution.name, starts)) if type in counted else []
        found[type] = TypeStats.of(
            total_of(counters for _, counters in slots),
            series=tuple((1000 * start, Numbers.of(counters)) for start, counters in slots),
            waiting=count,
            oldest_wait=0 if due is None else max(0, now - due),
        )
    return found


def slots_of(since: int, now: int) -> tuple[Resolution, range]:
    """The finest slots that Redis keeps for that long, and when each of them begins, in seconds."""
    end, begin = now // 1000, (now - since) // 1000
    resolution = next((one for one in RESOLUTIONS if since <= 1000 * (one.kept - one.length)), HOURS)
    begin = max(begin, end - resolution.kept)
    return resolution, range(begin - begin % resolution.length, end + 1, resolution.length)


def total_of(all_counters: Iterable[Mapping[str, int]]) -> Counter[str]:
    """The counters of several slots together."""
    total: Counter[str] = Counter()
    for counters in all_counters:
        longest = max(total[MAX], counters.get(MAX, 0))
        total.update(counters)
        total[MAX] = longest
    return total


def _histogram(counters: Mapping[str, int], letter: str) -> dict[int, int]:
    found = {}
    for name, count in counters.items():
        if name.startswith(letter) and name[len(letter) :].lstrip("-").isdigit():
            found[int(name[len(letter) :])] = count
    return found
