"""Reads `when`: of a recurring job, and of one job that is saved for later. Raises `InvalidSchedule`. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kue.common.clock import Moment, milliseconds, moment
from kue.common.describe import short_repr
from kue.common.names import plain_text
from kue.errors import InvalidOption, InvalidSchedule
from kue.schedules.timetable import Interval
from kue.schedules.words import read_words, read_words_from_now

if TYPE_CHECKING:
    from kue.schedules.cron import Cron

MIN_INTERVAL_MS = 1000
MAX_INTERVAL_MS = 100 * 365 * 86_400_000  # 100 years, so that every time that matters has a date
When = str | int
"""As it is kept: a cron expression, or the ms of an interval."""
_EXAMPLES = "a cron expression, a timedelta, milliseconds, or words such as '2 minutes' or '1 hour and 30 seconds'"


def read_when(value: object) -> When:
    """What `every` was given. That a cron expression makes sense, only `recurrence` checks."""
    if isinstance(value, str):
        interval = read_words(plain_text(value))
        if interval is None:
            return _cron(value, _EXAMPLES)
    else:
        interval = _interval(value, _EXAMPLES)
    if interval < MIN_INTERVAL_MS:
        raise InvalidSchedule(f"when must be an interval of a second or more, not {short_repr(value)}")
    if interval > MAX_INTERVAL_MS:
        raise InvalidSchedule(f"when must be an interval of 100 years or less, not {short_repr(value)}")
    return interval


def read_later(value: object, name: str, now: int) -> int | Moment:
    """When one job is due: how many ms from now, or a moment. `name` is what `H` in a cron expression follows from."""
    if isinstance(value, datetime):
        try:
            return moment("when", value)
        except InvalidOption as problem:
            raise InvalidSchedule(str(problem)) from None
    examples = f"an aware datetime, 'in 2 minutes', {_EXAMPLES}"
    if not isinstance(value, str):
        return _interval(value, examples)
    interval = read_words_from_now(plain_text(value))
    if interval is not None:
        return _interval(interval, examples)
    from kue.schedules.cron import Cron  # most processes need no croniter

    due = Cron(_cron(value, examples), name=name).after(now)
    if due is None:
        raise InvalidSchedule(f"{short_repr(value)} never comes")
    return Moment(due)


def recurrence(when: When, zone: str, name: str, first: int) -> Cron | Interval:
    """The times that `when` stands for. An interval has its first time at `first`."""
    if isinstance(when, int):
        return Interval(when, first)
    from kue.schedules.cron import Cron  # most processes need no croniter

    return Cron(when, zone, name)


def _cron(value: str, examples: str) -> str:
    """The text with single spaces. If it has the form of neither, the message says what there is."""
    text = " ".join(plain_text(value).split())
    if not text.startswith("@") and not 5 <= len(text.split()) <= 7:
        raise InvalidSchedule(f"when must be {examples}, not {short_repr(value)}")
    return text


def _interval(value: object, examples: str) -> int:
    if isinstance(value, (int, float, timedelta)) and not isinstance(value, bool):
        try:
            return milliseconds("when", value)
        except InvalidOption as problem:
            raise InvalidSchedule(str(problem)) from None
    raise InvalidSchedule(f"when must be {examples}, not {short_repr(value)}")
