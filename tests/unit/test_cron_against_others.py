"""Random cron expressions around the days at which zones change their clocks, compared with what others compute.

Another library, cronsim, does as Debian's cron does. It differs by design if minutes or hours begin with `*`. For
such hours an oracle goes through the minutes one by one. Days are numbers, weekdays, the nth such day of a month and
the last one.
"""

import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from kue.schedules.cron import Cron

ZONES = {
    "Europe/Berlin": ["2026-03-29", "2026-10-25"],
    "America/New_York": ["2026-03-08", "2026-11-01"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],
    "America/Santiago": ["2026-04-05", "2026-09-06"],  # at midnight
    "Africa/Casablanca": ["2026-02-15", "2026-03-22"],
}
CHANGES = [(zone, day) for zone, days in ZONES.items() for day in days]
MINUTES_PER_DAY = 1440


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    one = st.integers(low, high)
    span = st.tuples(one, one).filter(lambda pair: pair[0] < pair[1]).map(lambda pair: f"{pair[0]}-{pair[1]}")
    stepped = st.tuples(span, st.integers(1, 7)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    return st.lists(st.one_of(one.map(str), span, stepped), min_size=1, max_size=3).map(",".join)


NTH = st.lists(st.tuples(st.integers(0, 7), st.integers(1, 5)), min_size=1, max_size=3).map(
    lambda pairs: ",".join(f"{weekday}#{nth}" for weekday, nth in pairs)
)
LAST = st.lists(st.integers(0, 7), min_size=1, max_size=2).map(
    lambda weekdays: ",".join(f"L{weekday}" for weekday in weekdays)
)
WEEKDAYS_OF_MONTHS = st.one_of(NTH, LAST)
DAYS = st.one_of(
    st.just("* * *"),
    numbers(1, 31).map(lambda days: f"{days} * *"),
    numbers(0, 6).map(lambda days: f"* * {days}"),
    WEEKDAYS_OF_MONTHS.map(lambda weekdays: f"* * {weekdays}"),
    st.tuples(numbers(1, 31), st.one_of(numbers(0, 6), WEEKDAYS_OF_MONTHS)).map(lambda pair: f"{pair[0]} * {pair[1]}"),
)
TIMED = st.tuples(numbers(0, 59), numbers(0, 23), DAYS).map(" ".join)
STARRED = st.tuples(
    st.one_of(st.just("*"), numbers(0, 59)), st.sampled_from(["*", "*/2", "*/3", "*/5", "*/7"]), DAYS
).map(" ".join)
MOMENTS = st.tuples(st.sampled_from(CHANGES), st.integers(-36 * 3600, 36 * 3600))


def start_of(change: tuple[str, str], seconds: int) -> tuple[ZoneInfo, datetime]:
    zone = ZoneInfo(change[0])
    midnight = datetime.fromisoformat(change[1]).replace(tzinfo=zone)
    return zone, (midnight.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(zone)


def in_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def following(cron: Cron, after: int, count: int) -> list[int]:
    found: list[int] = []
    moment: int | None = after
    while len(found) < count and (moment := cron.after(moment)) is not None:
        found.append(moment)
    return found


def distinct(moments: list[int]) -> list[int]:
    return list(dict.fromkeys(moments))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(TIMED, MOMENTS)
def test_times_of_the_day_are_those_of_cronsim(expression: str, place: tuple[tuple[str, str], int]) -> None:
    zone, start = start_of(*place)
    their_expression = re.sub(r"L(\d)", r"\1L", expression)  # the last Friday is L5 in croniter and 5L in cronsim
    theirs = distinct([in_ms(moment) for moment in islice(CronSim(their_expression, start), 30)])
    theirs = [moment for moment in theirs if moment > in_ms(start)]
    ours = following(Cron(expression, zone.key), in_ms(start), len(theirs))
    assert ours == theirs


def expanded(field: str, low: int, high: int) -> set[int]:
    """The numbers that a field of the strategies above stands for."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        found |= set(range(int(first), int(last or first) + 1, int(step or 1)))
    return found


def is_weekday(weekdays: str, shown: datetime) -> bool:
    """Whether the day is one of the field, which may have the nth or the last such day of a month."""
    today = shown.isoweekday() % 7
    is_last = (shown + timedelta(days=7)).month != shown.month
    found = False
    for part in weekdays.split(","):
        if part.startswith("L"):
            found |= is_last and int(part[1:]) % 7 == today
        elif "#" in part:
            weekday, nth = map(int, part.split("#"))
            found |= weekday % 7 == today and nth == (shown.day - 1) // 7 + 1
        else:
            found |= today in expanded(part, 0, 6)
    return found


def fits(expression: str, shown: datetime) -> bool:
    """Whether the wall clock shows a time of the expression."""
    minutes, hours, days, _, weekdays = expression.split()
    by_day, by_weekday = shown.day in expanded(days, 1, 31), is_weekday(weekdays, shown)
    either = by_day or by_weekday if "*" not in (days, weekdays) else by_day and by_weekday
    return either and shown.minute in expanded(minutes, 0, 59) and shown.hour in expanded(hours, 0, 23)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(STARRED, MOMENTS)
def test_counted_hours_are_all_minutes_whose_reading_fits(expression: str, place: tuple[tuple[str, str], int]) -> None:
    zone, start = start_of(*place)
    first = (in_ms(start) // 60_000 + 1) * 60_000
    minutes = range(first, first + 2 * MINUTES_PER_DAY * 60_000, 60_000)
    fitting = [moment for moment in minutes if fits(expression, datetime.fromtimestamp(moment / 1000, zone))]
    cron = Cron(expression, zone.key)
    assert following(cron, in_ms(start), len(fitting)) == fitting
    assert cron.latest(minutes[-1], len(minutes), first) == fitting


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.one_of(TIMED, STARRED), MOMENTS, st.integers(1, 40))
def test_backwards_are_the_same_times_as_forwards(
    expression: str, place: tuple[tuple[str, str], int], count: int
) -> None:
    zone, start = start_of(*place)
    cron = Cron(expression, zone.key)
    ours = following(cron, in_ms(start), count)
    assert cron.latest(ours[-1], count) == ours
    assert cron.latest(ours[-1] + 999, count + 5, in_ms(start) + 1) == ours
