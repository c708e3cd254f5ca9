"""The times of a cron expression, in the time zone of a schedule. Nothing else imports croniter. Pure.

Five fields, or six with the seconds first. Where a zone changes its clocks, it is much as in Debian's cron:

- if the hour field begins with `*`, the expression counts the hours that pass: in an hour that the clock shows twice it
  runs both times, and an hour that the clock leaves out has no time to run at
- otherwise each time of the day has its run: at the first of two, and right after the gap if the clock leaves it out
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice, takewhile

from croniter import croniter

from kue.common.describe import short_repr
from kue.errors import InvalidSchedule
from kue.schedules.zone import SECONDS_PER_DAY, WallClock

MAX_CHARACTERS = 200
SHORTHANDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_EARLIEST, _LATEST = 0, 250_000_000_000  # seconds since the epoch: about the year 9892
_DAY, _WEEKDAY = 2, 4  # where croniter has these fields, with seconds or without
_SPREAD_DAY = re.compile(r"h(?=/|$)", re.IGNORECASE)
_MONTHS = {
    name: str(number)
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_WEEKDAYS = {name: str(number) for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_LAST_DAY = "l"
_NUMBERS_OF = ({_LAST_DAY: "31"}, _MONTHS, _WEEKDAYS)  # in the last three fields: what stands for which number
_RANGE = re.compile(r"(\w+)-(\w+)(?:/(\d+))?(#\d+)?")


class Cron:
    """A cron expression. `H` in it is a number that follows from `name`. Raises `InvalidSchedule`.

    Times are in ms since the epoch.
    """

    def __init__(self, expression: str, zone: str = "UTC", name: str = "cron") -> None:
        self._clock = WallClock(zone)
        fields = read_fields(expression)
        hour = fields[-4]
        self._counts_hours = hour.startswith("*")
        try:
            walls = _readers(fields, name)
        except Exception as problem:  # croniter raises whatever its parser stumbles over
            raise _wrong(expression, _first_line(problem)) from problem
        self._walls = [wall for wall in walls if self._walk(wall.get_next, _EARLIEST) is not None]
        if not self._walls:
            raise _wrong(expression, "it never comes")

    def after(self, ms: int) -> int | None:
        """The first time after `ms`; None if there is none in this age."""
        moment = max(ms // 1000, _EARLIEST)
        if moment > _LATEST:
            return None
        found = self._counted_after(moment) if self._counts_hours else self._timed_after(moment)
        return None if found is None else found * 1000

    def latest(self, before: int, most: int, since: int = 0) -> list[int]:
        """The last `most` times up to `before`, but none before `since`. The oldest comes first."""
        moment = min(before // 1000, _LATEST)
        if moment < _EARLIEST:
            return []
        found = self._counted_back(moment) if self._counts_hours else self._timed_back(moment)
        times = islice(takewhile(lambda moment: moment * 1000 >= since, found), most)
        return [moment * 1000 for moment in times][::-1]

    # if each time of the day has its run

    def _timed_after(self, moment: int) -> int | None:
        clock = self._clock
        reading = clock.end_of_repeat(moment) - 1 if clock.is_repeated(moment) else clock.reading(moment)
        while (following := self._reading_after(reading)) is not None:
            if (found := clock.moment(following)) > moment:
                return found
            reading = following
        return None

    def _timed_back(self, moment: int) -> Iterator[int]:
        clock = self._clock
        reading = clock.end_of_repeat(moment) - 1 if clock.is_repeated(moment) else clock.reading(moment)
        last: int | None = None
        while (previous := self._reading_until(reading)) is not None:
            found = clock.moment(previous)
            if found != last:  # all times that the clock leaves out have one run together
                yield found
            last, reading = found, previous - 1

    # if the hours that pass are counted

    def _counted_after(self, moment: int) -> int | None:
        clock = self._clock
        while (following := self._reading_after(clock.reading(moment))) is not None:
            found = following - clock.offset(moment)
            change = clock.first_change(moment, min(found, moment + SECONDS_PER_DAY))
            if change is not None:
                if self._reading_after(clock.reading(change) - 1) == clock.reading(change):
                    return change
                moment = change
            elif found <= moment + SECONDS_PER_DAY:
                return found
            else:  # nothing is due before, and the clock may change on the way
                moment = max(moment + SECONDS_PER_DAY, found - 2 * SECONDS_PER_DAY)
        return None

    def _counted_back(self, moment: int) -> Iterator[int]:
        clock = self._clock
        while (previous := self._reading_until(clock.reading(moment))) is not None:
            found = previous - clock.offset(moment)
            change = clock.first_change(max(found, moment - SECONDS_PER_DAY), moment)
            if change is not None:
                moment = change - 1
            elif found >= moment - SECONDS_PER_DAY:
                yield found
                moment = found - 1
            else:
                moment = min(moment - SECONDS_PER_DAY, found + 2 * SECONDS_PER_DAY)

    # the wall clock alone

    def _reading_after(self, reading: int) -> int | None:
        found = [self._walk(wall.get_next, reading) for wall in self._walls]
        return min((time for time in found if time is not None), default=None)

    def _reading_until(self, reading: int) -> int | None:
        """The last reading that is no later than this one."""
        found = [self._walk(wall.get_prev, reading + 0.5) for wall in self._walls]
        return max((time for time in found if time is not None), default=None)

    @staticmethod
    def _walk(step: Callable[..., float], start: float) -> int | None:
        try:
            return int(step(float, start_time=start))
        except (ValueError, OverflowError):  # croniter looks 50 years ahead, and datetime ends with the year 9999
            return None


def read_fields(expression: str) -> list[str]:
    """The five or six fields of an expression, as croniter must be given them. Raises `InvalidSchedule`."""
    if len(expression) > MAX_CHARACTERS:
        raise InvalidSchedule(f"a cron expression has at most {MAX_CHARACTERS} characters, not {len(expression)}")
    text = expression.strip().lower()
    if text.startswith("@"):
        if text not in SHORTHANDS:
            raise _wrong(expression, f"there are {', '.join(SHORTHANDS)}")
        text = SHORTHANDS[text]
    fields = text.split()
    if len(fields) not in (5, 6):
        raise _wrong(expression, f"it must have five fields, or six with the seconds first, and has {len(fields)}")
    if any(field.startswith("r") for field in fields):
        raise _wrong(expression, "R stands for another time at each reading; H is one that stays the same")
    # The days from 29 on would leave out months.
    fields[-3] = _SPREAD_DAY.sub("h(1-28)", fields[-3], count=1) if fields[-3][0] == "h" else fields[-3]
    numbers_of: list[Mapping[str, str]] = [{}] * (len(fields) - len(_NUMBERS_OF))
    return [
        ",".join(_without_empty_range(part, numbers) for part in field.split(","))
        for field, numbers in zip(fields, [*numbers_of, *_NUMBERS_OF], strict=True)
    ]


def _readers(fields: list[str], name: str) -> list[croniter]:
    """Whose times together are those of the fields: two if the day and the weekday are given, since either will do.

    One alone would want both if the weekday has a `#` or an `L`, or the day a `W`.
    """

    def reader(day: str, weekday: str) -> croniter:
        text = " ".join([*fields[:-3], day, fields[-2], weekday])
        return croniter(text, 0.0, ret_type=float, hash_id=name.encode(), second_at_beginning=True)

    day, weekday = fields[-3], fields[-1]
    both = reader(day, weekday)
    if ["*"] in (both.expanded[_DAY], both.expanded[_WEEKDAY]):
        return [both]
    return [reader(day, "*"), reader("*", weekday)]


def _without_empty_range(part: str, numbers: Mapping[str, str]) -> str:
    """croniter takes a range from a number to itself, such as `5-5` or `jan-1`, for all numbers. It is that number.

    `numbers` has the numbers that other words of the field stand for.
    """
    found = _RANGE.fullmatch(part)
    if found is None:
        return part
    low, high, step, nth = found.groups()
    first, last = (numbers.get(end, end).lstrip("0") or "0" for end in (low, high))
    is_week = low.isdecimal() and first < last  # 0-7
    is_sunday = numbers is _WEEKDAYS and {first, last} == {"0", "7"} and not is_week
    is_empty = (first == last or is_sunday) and (low == high or low != _LAST_DAY)
    if not is_empty or (step is not None and int(step) == 0):
        return part
    return low + (nth or "")


def _wrong(expression: str, why: str) -> InvalidSchedule:
    return InvalidSchedule(f"{short_repr(expression)} is no cron expression that can be used: {why}")


def _first_line(problem: Exception) -> str:
    text = str(problem).partition("\n")[0]
    return "it cannot be read" if not text or text.startswith("Traceback") else text
