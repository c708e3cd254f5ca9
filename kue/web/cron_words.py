"""What a cron expression means, in words: `30 2 * * 1-5` is "at 02:30, Monday to Friday". Pure.

It knows the common forms. For any other it says nothing, since a wrong sentence is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from kue.errors import InvalidSchedule
from kue.schedules.cron import read_fields
from kue.web.words import duration

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MAX_TIMES = 6
_PART = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d+))?")
_UNITS = ((604_800_000, "week"), (86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second"))


class Field(NamedTuple):
    """A field: its numbers; None for any. `step` is that of `*/step`, and `span` the ends of a single range."""

    numbers: tuple[int, ...] | None
    step: int = 1
    span: tuple[int, int] | None = None

    @property
    def is_any(self) -> bool:
        return self.numbers is None and self.step == 1

    @property
    def is_list(self) -> bool:
        return self.numbers is not None


def in_words(expression: str) -> str | None:
    """What an expression means; None if that cannot be said in a few words."""
    try:
        given = read_fields(expression)
    except InvalidSchedule:
        return None
    seconds, *others = given if len(given) == 6 else ["0", *given]
    limits = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
    names: tuple[Sequence[str], ...] = ((), (), (), ("", *_MONTHS), _DAYS)
    fields = [_read(text, *limit, name) for text, limit, name in zip(others, limits, names, strict=True)]
    second, days = _read(seconds, 0, 59, ()), _days(others[2], *fields[2:])
    minute, hour = fields[:2]
    if second is None or minute is None or hour is None or days is None:
        return None
    times = _times(second, minute, hour)
    if times is None:
        return None
    if not days:
        return f"{times} every day" if times.startswith("at ") else times
    return f"{times}, {days}"


def interval_in_words(ms: int) -> str:
    """What an interval means: every 5 minutes, every hour, every 1 h 30 m."""
    for length, name in _UNITS:
        if ms >= length and ms % length == 0:
            count = ms // length
            return f"every {name}" if count == 1 else f"every {count} {name}s"
    return f"every {duration(ms)}"


def _times(second: Field, minute: Field, hour: Field) -> str | None:
    if second.numbers != (0,):
        return _seconds(second, minute, hour)
    if minute.is_list and hour.is_list and hour.span is None:
        assert minute.numbers is not None and hour.numbers is not None
        moments = [f"{one:02d}:{other:02d}" for one in hour.numbers for other in minute.numbers]
        if len(moments) <= _MAX_TIMES and minute.span is None:
            return f"at {_listed(moments)}"
    return _minutes(minute, hour)


def _seconds(second: Field, minute: Field, hour: Field) -> str | None:
    if second.is_list or not (minute.is_any and hour.is_any):
        return None
    return "every second" if second.is_any else _every(second.step, "second", 60)


def _minutes(minute: Field, hour: Field) -> str | None:
    """What is said of minutes that repeat, and the hours in which they do."""
    if minute.span is not None:
        return None
    if hour.is_any:
        return _of_each_hour(minute)
    if not hour.is_list:
        if not minute.is_list:
            return None
        hours = _every(hour.step, "hour", 24)
        return hours if minute.numbers == (0,) else f"{hours}, {_at_minutes(minute)}"
    if hour.span is None and len(hour.numbers or ()) > 1:
        return None
    assert hour.numbers is not None
    first, last = hour.numbers[0], hour.numbers[-1]
    if minute.numbers is not None:
        last_minute = max(minute.numbers)
        return f"{_of_each_hour(minute)}, from {first:02d}:{min(minute.numbers):02d} to {last:02d}:{last_minute:02d}"
    return f"{_of_each_hour(minute)}, from {first:02d}:00 to {last:02d}:59"


def _of_each_hour(minute: Field) -> str:
    if minute.is_any:
        return "every minute"
    if not minute.is_list:
        return _every(minute.step, "minute", 60)
    return "every hour" if minute.numbers == (0,) else f"every hour, {_at_minutes(minute)}"


def _at_minutes(minute: Field) -> str:
    numbers = minute.numbers or ()
    return f"at minute{'s' * (len(numbers) > 1)} {_listed([str(one) for one in numbers])}"


def _every(step: int, unit: str, whole: int) -> str:
    """A step that does not fit into the whole begins anew with each."""
    following = {"second": "minute", "minute": "hour", "hour": "day"}[unit]
    text = f"every {step} {unit}s"
    return text if whole % step == 0 else f"{text}, counted anew in each {following}"


def _days(day_text: str, day: Field | None, month: Field | None, weekday: Field | None) -> str | None:
    """The days in words; "" for every day."""
    is_last = day_text == "l"
    if month is None or weekday is None or (day is None and not is_last):
        return None
    months = _months(month)
    if months is None or (not weekday.is_any and not weekday.is_list):
        return None
    days = "on the last day" if is_last or day is None else _month_days(day)
    if days is None:
        return None
    weekdays = _weekdays(weekday) if weekday.is_list else ""
    if days and weekdays:
        return f"{days} of {months or 'each month'}, and also each {weekdays}"  # either will do
    if days:
        return f"{days} of {months or 'each month'}"
    return ", ".join(filter(None, (weekdays, f"in {months}" if months and month.span is None else months)))


def _month_days(day: Field) -> str | None:
    if day.is_any:
        return ""
    if not day.is_list:
        return None
    if day.span is not None:
        return f"on days {day.span[0]} to {day.span[1]}"
    numbers = [str(one) for one in day.numbers or ()]
    return f"on day{'s' * (len(numbers) > 1)} {_listed(numbers)}"


def _months(month: Field) -> str | None:
    if month.is_any:
        return ""
    if not month.is_list:
        return None
    return _named(month, ("", *_MONTHS))


def _weekdays(weekday: Field) -> str:
    return _named(weekday, (*_DAYS, "Sunday"))


def _named(field: Field, names: Sequence[str]) -> str:
    if field.span is not None and field.span[1] > field.span[0] + 1:
        return f"{names[field.span[0]]} to {names[field.span[1]]}"
    return _listed(list(dict.fromkeys(names[one] for one in field.numbers or ())))


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _read(text: str, low: int, high: int, names: Sequence[str]) -> Field | None:
    """A field; None if it has another form than `*`, `*/3`, `5`, `1-5`, or several of the last two."""
    if text in ("*", "?"):
        return Field(None)
    numbers: list[int] = []
    span: tuple[int, int] | None = None
    parts = text.split(",")
    for part in parts:
        match = _PART.fullmatch(part)
        if match is None:
            return None
        any_, first, last, step = match.groups()
        if any_:
            return Field(None, int(step)) if step and len(parts) == 1 and 0 < int(step) <= high else None
        ends = [_number(end, names) for end in (first, last or first)]
        if step is not None or None in ends:
            return None
        start, end = (number or 0 for number in ends)
        if not low <= start <= end <= high:
            return None
        numbers += range(start, end + 1)
        span = (start, end) if last and len(parts) == 1 else None
    return Field(tuple(sorted(set(numbers))), span=span)


def _number(text: str, names: Sequence[str]) -> int | None:
    if text.isdecimal():
        return int(text)
    return next((place for place, name in enumerate(names) if len(text) == 3 and name.lower().startswith(text)), None)
