"""What `every` and `schedule` take for `when`: words, numbers, timedeltas, datetimes; what is due of a timetable."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kue.common.clock import Moment
from kue.errors import InvalidSchedule
from kue.schedules.timetable import LATEST_MS, MAX_CAUGHT_UP, Interval, Timetable
from kue.schedules.when import MAX_INTERVAL_MS, read_later, read_when
from kue.schedules.words import UNITS, read_words

NOW = 1_767_225_600_000  # the first of January 2026
MINUTE, HOUR = 60_000, 3_600_000


@pytest.mark.parametrize(
    ("words", "interval"),
    [
        ("2 minutes", 2 * MINUTE),
        ("1 hour and 30 seconds", HOUR + 30_000),
        ("  1 Hour, 2 minutes and 3 seconds ", HOUR + 2 * MINUTE + 3000),
        ("1 hour, and 1 second", HOUR + 1000),
        ("1 hour 30 minutes", 90 * MINUTE),
        ("1.5 hours", 90 * MINUTE),
        ("a day", 24 * HOUR),
        ("an hour", HOUR),
        ("three weeks", 21 * 24 * HOUR),
        ("minute", MINUTE),
    ],
)
def test_words_are_an_interval(words: str, interval: int) -> None:
    assert read_when(words) == interval
    assert read_later(f"in {words.strip()}", "email", NOW) == interval
    assert read_later(f"{words} from now", "email", NOW) == interval
    assert read_later(words, "email", NOW) == interval


PARTS = st.lists(st.tuples(st.integers(1, 500), st.sampled_from([*UNITS])), min_size=1, max_size=4)
JOINTS = st.sampled_from([" and ", ", ", " ", ", and "])


@settings(deadline=None, derandomize=True)
@given(PARTS, JOINTS, st.booleans())
def test_any_parts_add_up(parts: list[tuple[int, str]], joint: str, capitals: bool) -> None:
    words = joint.join(f"{number} {unit}{'s' * (number > 1)}" for number, unit in parts)
    assert read_words(words.upper() if capitals else words) == sum(number * UNITS[unit] for number, unit in parts)


@settings(deadline=None, derandomize=True)
@given(st.text("0123456789 .,*@-/Hadehimnorstuwyk\u0663\n", max_size=60))
def test_any_text_is_words_or_none_or_refused(text: str) -> None:
    try:
        read = read_when(text)
    except InvalidSchedule:
        return
    assert isinstance(read, int) or 5 <= len(read.split()) <= 7 or read.startswith("@")


@pytest.mark.parametrize(
    ("when", "kept"),
    [
        (timedelta(minutes=2), 2 * MINUTE),
        (1000, 1000),
        (1500.4, 1500),
        (" 0  0 * * *", "0 0 * * *"),
        ("@daily", "@daily"),
    ],
)
def test_numbers_timedeltas_and_cron_expressions_are_kept(when: Any, kept: Any) -> None:
    assert read_when(when) == kept


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("1 month", "has no fixed length"),
        ("2 years and 1 day", "has no fixed length"),
        (999, "an interval of a second or more"),
        (timedelta(milliseconds=5), "an interval of a second or more"),
        (0, "an interval of a second or more"),
        ("0 seconds", "an interval of a second or more"),
        ("0.5 seconds", "an interval of a second or more"),
        (0.5, "if that is seconds"),
        (-5000, "1 millisecond or more|finite number"),
        (float("nan"), "finite"),
        (10**17, "or less"),
        (timedelta(days=36_501), "100 years or less"),
        ("200000000 weeks", "100 years or less"),
        ("", "when must be a cron expression"),
        ("soon", "when must be a cron expression"),
        ("2 fortnights", "when must be a cron expression"),
        ("every 2 minutes", "when must be a cron expression"),
        ("in 2 minutes", "when must be a cron expression"),
        ("2", "when must be a cron expression"),
        (True, "when must be a cron expression"),
        (None, "when must be a cron expression"),
        (datetime(2030, 1, 1, tzinfo=UTC), "when must be a cron expression"),
    ],
)
def test_what_is_no_interval_is_refused_with_a_reason(when: Any, why: str) -> None:
    with pytest.raises(InvalidSchedule, match=why):
        read_when(when)


def test_one_job_may_be_due_at_a_moment_or_at_the_next_time_of_a_cron_expression() -> None:
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    assert read_later(moment, "email", NOW) == Moment(round(moment.timestamp() * 1000))
    assert read_later("30 0 * * *", "email", NOW) == Moment(NOW + 30 * MINUTE)
    assert read_later(5, "email", NOW) == 5
    with pytest.raises(InvalidSchedule, match="aware datetime"):
        read_later(datetime(2030, 1, 1), "email", NOW)
    with pytest.raises(InvalidSchedule, match="in 2 minutes"):
        read_later("tomorrow", "email", NOW)
    with pytest.raises(InvalidSchedule, match="milliseconds or less"):
        read_later("200000000 weeks", "email", NOW)


# --- intervals, and what is due ---


@settings(deadline=None, derandomize=True)
@given(st.integers(1000, 10**9), st.integers(0, 10**13), st.integers(0, 10**13), st.integers(1, 200))
def test_an_interval_is_a_grid(length: int, first: int, now: int, most: int) -> None:
    grid = Interval(length, first)
    following = grid.after(now)
    assert following is not None and following > now and following >= first and (following - first) % length == 0
    assert following - length <= now or following == first
    times = grid.latest(now, most)
    assert times == sorted(times) and len(times) <= most
    assert all(first <= time <= now and (time - first) % length == 0 for time in times)
    assert (times or [following - length])[-1] == following - length
    since = now - 3 * length
    assert grid.latest(now, most, since) == [time for time in times if time >= since]


def table(start: int | None = None, until: int | None = None) -> Timetable:
    return Timetable(Interval(HOUR, NOW), start, until)


@pytest.mark.parametrize(
    ("planned", "now", "last", "all_", "skip"),
    [
        (0, 0, [0], [0], [0]),
        (0, MINUTE, [0], [0], [0]),
        (0, MINUTE + 1, [0], [0], []),
        (0, HOUR + 5, [HOUR], [0, HOUR], [HOUR]),
        (0, 2 * HOUR + 2 * MINUTE, [2 * HOUR], [0, HOUR, 2 * HOUR], []),
    ],
)
def test_a_time_is_missed_if_a_later_one_is_due_too_or_it_is_over_a_minute_late(
    planned: int, now: int, last: list[int], all_: list[int], skip: list[int]
) -> None:
    for catch_up, due in (("last", last), ("all", all_), ("skip", skip)):
        assert table().due(NOW + planned, NOW + now, catch_up) == [NOW + moment for moment in due]


def test_of_many_missed_times_the_latest_hundred_are_caught_up() -> None:
    due = table().due(NOW, NOW + 1000 * HOUR, "all")
    assert due == [NOW + n * HOUR for n in range(1001 - MAX_CAUGHT_UP, 1001)]


def test_a_timetable_begins_at_its_start_and_ends_with_its_end() -> None:
    bounded = table(NOW + HOUR, NOW + 3 * HOUR)
    assert bounded.after(0) == NOW + HOUR
    assert bounded.after(NOW + 2 * HOUR) == NOW + 3 * HOUR
    assert bounded.after(NOW + 3 * HOUR) is None
    assert bounded.following(NOW + HOUR, 9) == [NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR]
    assert bounded.due(NOW + HOUR, NOW + 100 * HOUR, "all") == [NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR]


def test_a_time_that_other_rules_planned_is_kept() -> None:
    assert table().due(NOW + 5, NOW + 6, "last") == [NOW + 5]
    assert table().due(NOW + 5, NOW + 5 + 2 * MINUTE, "skip") == []


@pytest.mark.parametrize("until", [None, 10**15])
def test_a_timetable_ends_with_the_last_date(until: int | None) -> None:
    table = Timetable(Interval(MAX_INTERVAL_MS, NOW), None, until)
    times = table.following(NOW, 1000)
    assert len(times) == 80 and datetime.fromtimestamp(times[-1] / 1000, UTC).year > 9800
    assert table.after(LATEST_MS) is None
    assert table.following(LATEST_MS + 1, 2) == table.following(-(10**18), 2) == []
