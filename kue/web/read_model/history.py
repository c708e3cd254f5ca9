"""What happened over time, for the charts and the table of types: as processes have counted it, in few round trips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kue.stats.series import Numbers, total_of
from kue.store.stats import RESOLUTIONS, Resolution, StatsReader

_MINUTE, _TEN_MINUTES, _HOUR = RESOLUTIONS
BARS = 30
"""So many minutes the small bars of a type show; the last is running."""
_PERCENTILE_HOURS = 2  # the last of which is running


@dataclass(frozen=True)
class Range:
    """How much time the charts show: `count` slots, the last of which is running. `unit` is the length of one."""

    words: str
    unit: str
    slots: Resolution
    count: int

    @property
    def ms(self) -> int:
        return 1000 * self.slots.length * self.count


RANGES: Mapping[str, Range] = {
    "1h": Range("1 h", "a minute", _MINUTE, 60),
    "48h": Range("48 h", "in ten minutes", _TEN_MINUTES, 48 * 6),
    "14d": Range("14 d", "an hour", _HOUR, 14 * 24),
}


@dataclass(frozen=True)
class History:
    """A series without gaps: when it begins (ms), how long a slot is (ms), the numbers of each slot, and of all."""

    begin: int
    length: int
    numbers: Sequence[Numbers]
    total: Numbers


@dataclass(frozen=True)
class TypePast:
    """What happened lately to the jobs of a type: minute by minute, and percentiles of an hour or two, in ms."""

    bars: Sequence[Numbers] = ()
    p50: float | None = None
    p95: float | None = None


NO_PAST = TypePast()


def read_history(reader: StatsReader, type: str, range: Range, now: int) -> History:
    """The numbers of a type, or of all (`*`)."""
    starts = _starts(range.slots, range.count, now)
    [found] = reader.slots_of_types([type], range.slots.name, starts)
    numbers = {start: Numbers.of(counters) for start, counters in found}
    return History(
        begin=1000 * starts[0],
        length=1000 * range.slots.length,
        numbers=[numbers.get(start, _NOTHING) for start in starts],
        total=Numbers.of(total_of(counters for _, counters in found)),
    )


def read_pasts(reader: StatsReader, types: Sequence[str], now: int) -> dict[str, TypePast]:
    """What happened lately to the jobs of some types."""
    bars = reader.ended(types, _MINUTE.name, _starts(_MINUTE, BARS, now))
    slots = reader.slots_of_types(types, _HOUR.name, _starts(_HOUR, _PERCENTILE_HOURS, now))
    return {type: _past(counts, found) for type, counts, found in zip(types, bars, slots, strict=True)}


def _past(counts: Iterable[tuple[int, int, int]], found: Iterable[tuple[int, Mapping[str, int]]]) -> TypePast:
    bars = [Numbers(completed=each[0], failed=each[1], retried=each[2]) if any(each) else _NOTHING for each in counts]
    total = Numbers.of(total_of(counters for _, counters in found))
    return TypePast(bars, total.p50, total.p95)


def _starts(slots: Resolution, count: int, now: int) -> Sequence[int]:
    """When so many slots began, in seconds; the last is running."""
    last = now // 1000 - now // 1000 % slots.length
    return range(last - (count - 1) * slots.length, last + 1, slots.length)


_NOTHING = Numbers()
