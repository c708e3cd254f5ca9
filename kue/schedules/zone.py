"""The clock on the wall of a time zone, and the moments at which it shows what.

Everything is whole seconds. A moment counts from the epoch. A reading of the wall clock counts as if its zone were UTC,
so that it can be computed with. Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kue.common.describe import short_repr
from kue.errors import InvalidSchedule

SECONDS_PER_DAY = 86_400


class WallClock:
    """The wall clock of one zone. Raises `InvalidSchedule` if this machine does not know the zone."""

    def __init__(self, zone: str) -> None:
        try:
            self.zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
            raise InvalidSchedule(
                f"tz must be a time zone such as 'Europe/Berlin', and {short_repr(zone)} is not known here"
            ) from problem

    def offset(self, moment: int) -> int:
        """By how many seconds the wall clock is ahead of UTC."""
        return _seconds(datetime.fromtimestamp(moment, self.zone))

    def reading(self, moment: int) -> int:
        """What the wall clock shows at a moment."""
        return moment + self.offset(moment)

    def is_repeated(self, moment: int) -> bool:
        """Whether the wall clock shows this for the second time, since it was put back."""
        return datetime.fromtimestamp(moment, self.zone).fold == 1

    def moment(self, reading: int) -> int:
        """When the wall clock shows this for the first time. If it is put forward over it: right after that."""
        shown = datetime.fromtimestamp(reading, UTC).replace(tzinfo=self.zone)
        first, second = reading - _seconds(shown), reading - _seconds(shown.replace(fold=1))
        if first <= second:
            return first
        return self.first_change(second, first) or first

    def first_change(self, low: int, high: int) -> int | None:
        """The first moment in (low, high] with another offset than `low`. There must not be several changes."""
        offset = self.offset(low)
        if self.offset(high) == offset:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if self.offset(middle) == offset:
                low = middle
            else:
                high = middle
        return high

    def end_of_repeat(self, moment: int) -> int:
        """What the wall clock showed when it was put back, for a moment in the time that it shows twice."""
        shown = datetime.fromtimestamp(moment, self.zone)
        size = _seconds(shown.replace(fold=0)) - _seconds(shown)
        change = self.first_change(moment - size, moment) or moment
        return change + self.offset(change) + size


def _seconds(shown: datetime) -> int:
    offset = shown.utcoffset()
    return 0 if offset is None else round(offset.total_seconds())
