"""Numbers, durations and moments in the words of the pages.

Moments are written in UTC, and say so. A script of the pages turns them into the time zone of the reader, and writes
what changes while one looks: static/words.js is the same in its language.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

UNKNOWN = "—"
_EXACT_BELOW = 100_000
_SECOND = 1000
_SHORT_MS = 600_000
_DAY_MS = 86_400_000
_TOO_GREAT = 10**21  # from there on JavaScript writes numbers with an exponent
_LAST_MS = 253_402_300_799_999  # the end of the year 9999, where datetime ends


def exact_count(number: object) -> str:
    """All digits of a number, in groups of three."""
    whole = _whole(number)
    return UNKNOWN if whole is None else f"{whole:,}"


def short_count(number: object) -> str:
    """A number with all its digits below 100,000, and else with three and a letter, such as 2.42 M."""
    whole = _whole(number)
    if whole is None or abs(whole) < _EXACT_BELOW:
        return exact_count(whole)
    for size, letter in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if abs(whole) >= size:
            return f"{_three_digits(whole / size)} {letter}"
    raise AssertionError("a number of 100,000 or more is greater than a thousand")


def rate(number: object) -> str:
    """A number of jobs a minute: with a decimal below ten, unless that is zero."""
    if _whole(number) is None or not isinstance(number, int | float):
        return UNKNOWN
    tenths = math.floor(10 * number + 0.5)
    return f"{tenths // 10}.{tenths % 10}" if tenths < 100 and tenths % 10 else short_count(number)


def percent(number: object) -> int | None:
    """A share in per cent, from 0 to 100; None for what is no number."""
    whole = _whole(number)
    return None if whole is None else min(100, max(0, whole))


def duration(ms: object) -> str:
    """A number of milliseconds with its two greatest units: 90 ms, 1.9 s, 41 s, 2 m 10 s, 3 h 04 m, 2 d 4 h."""
    whole = _whole(ms)
    if whole is None or whole < 0:
        return UNKNOWN
    if whole < _SECOND:
        return f"{whole} ms"
    if whole < 9_950:
        return f"{(whole + 50) // 100 / 10:.1f} s"
    seconds = (whole + _SECOND // 2) // _SECOND
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02d} s"
    minutes = seconds // 60
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} m"
    return f"{minutes // (24 * 60)} d {minutes % (24 * 60) // 60} h"


def moment(ms: object, now: int) -> str:
    """A moment as a person says it: 14:52:10 today, yesterday 14:52, else 2026-11-26 14:52."""
    at = as_datetime(ms)
    if at is None:
        return UNKNOWN
    today = datetime.fromtimestamp(now / 1000, UTC).date()
    if at.date() == today:
        return f"{at:%H:%M:%S}"
    if at.date() == today - timedelta(days=1):
        return f"yesterday {at:%H:%M}"
    return f"{at:%Y-%m-%d %H:%M}"


def label(ms: object, span: int) -> str:
    """A moment below a chart that shows `span` ms: the second, the minute, the day, or day and minute."""
    at = as_datetime(ms)
    if at is None:
        return UNKNOWN
    if span <= _SHORT_MS:
        return f"{at:%H:%M:%S}"
    return f"{at:%H:%M}" if span <= _DAY_MS else f"{at:%m-%d %H:%M}" if span <= 3 * _DAY_MS else f"{at:%m-%d}"


def exact_moment(ms: object) -> str:
    """A moment in ISO 8601 with its milliseconds, for `<time datetime>`. Empty if it is none."""
    at = as_datetime(ms)
    return "" if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_datetime(ms: object) -> datetime | None:
    """A moment in UTC; None for what is no number of milliseconds or beyond the year 9999."""
    whole = _whole(ms)
    if whole is None or not 0 <= whole <= _LAST_MS:
        return None
    return datetime.fromtimestamp(whole // 1000, UTC) + timedelta(milliseconds=whole % 1000)


def plural(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 job, 2 jobs."""
    return f"{exact_count(number)} {one if number == 1 else many or one + 's'}"


def _whole(number: object) -> int | None:
    """A number without its fraction; None for what is no number, or too great to be one of anything."""
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < _TOO_GREAT:
        return None
    return number if isinstance(number, int) else math.floor(number + 0.5)


def _three_digits(value: float) -> str:
    """Half is rounded up, as JavaScript does: the scripts of the pages write the same."""
    size = abs(value)
    places = "0.01" if size < 9.995 else "0.1" if size < 99.95 else "1"
    return str(Decimal(value).quantize(Decimal(places), ROUND_HALF_UP))
