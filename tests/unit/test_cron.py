"""The times of cron expressions: fields, shorthands, `H`, what is refused, and time zones that change their clocks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kue.errors import InvalidSchedule
from kue.schedules.cron import SHORTHANDS, Cron

BERLIN = "Europe/Berlin"  # 2026: at 02:00 on March 29 the clock goes to 03:00, at 03:00 on October 25 to 02:00
LORD_HOWE = "Australia/Lord_Howe"  # half an hour: at 02:00 on October 4 to 02:30, at 02:00 on April 5 to 01:30


def ms(text: str, zone: str = "UTC", fold: int = 0) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)


def shown(times: list[int], zone: str = "UTC") -> list[str]:
    return [datetime.fromtimestamp(time / 1000, ZoneInfo(zone)).isoformat()[5:] for time in times]


def times(cron: Cron, after: int, until: int) -> list[int]:
    found = []
    moment: int | None = after
    while (moment := cron.after(moment)) is not None and moment <= until:
        found.append(moment)
    return found


def day(expression: str, date: str, zone: str) -> list[str]:
    """The times of one day by its wall clock, forwards; backwards they must be the same."""
    start = ms(date, zone)
    end = round((datetime.fromisoformat(date) + timedelta(days=1)).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    cron = Cron(expression, zone)
    found = times(cron, start - 1, end - 1)
    assert cron.latest(end - 1, 10_000, start) == found
    return [text[6:] for text in shown(found, zone)]


@pytest.mark.parametrize(
    ("expression", "after", "following"),
    [
        ("* * * * *", "2026-01-01T00:00:30", ["01-01T00:01:00", "01-01T00:02:00"]),
        ("*/15 9-10 * * *", "2026-01-01T10:31:00", ["01-01T10:45:00", "01-02T09:00:00"]),
        ("0 0 1 jan *", "2026-01-01T00:00:00", ["01-01T00:00:00"]),
        ("0 0 29 2 *", "2026-01-01T00:00:00", ["02-29T00:00:00"]),
        ("0 0 l * *", "2026-02-01T00:00:00", ["02-28T00:00:00", "03-31T00:00:00"]),
        ("0 12 * * mon#1", "2026-01-01T00:00:00", ["01-05T12:00:00", "02-02T12:00:00"]),
        ("0 0 13 * fri", "2026-02-01T00:00:00", ["02-06T00:00:00", "02-13T00:00:00", "02-20T00:00:00"]),
        ("0 0 15 * mon#1", "2026-01-01T00:00:00", ["01-05T00:00:00", "01-15T00:00:00", "02-02T00:00:00"]),
        ("0 0 15 * L5", "2026-01-10T00:00:00", ["01-15T00:00:00", "01-30T00:00:00", "02-15T00:00:00"]),
        ("0 0 L * L5", "2026-01-01T00:00:00", ["01-30T00:00:00", "01-31T00:00:00", "02-27T00:00:00"]),
        ("0 0 15W * tue#1", "2026-01-10T00:00:00", ["01-15T00:00:00", "02-03T00:00:00", "02-16T00:00:00"]),
        ("0 0 15W * mon", "2026-01-10T00:00:00", ["01-12T00:00:00", "01-15T00:00:00", "01-19T00:00:00"]),
        ("0 */12 15 * mon#1", "2026-01-05T06:00:00", ["01-05T12:00:00", "01-15T00:00:00", "01-15T12:00:00"]),
        ("5 0 0 */20 * mon#1", "2026-01-02T00:00:00", ["01-05T00:00:05", "01-21T00:00:05", "02-01T00:00:05"]),
        ("0 0 30 2 mon#1", "2026-01-01T00:00:00", ["02-02T00:00:00", "02-01T00:00:00"]),
        ("0 0 31 1 sun#5", "2026-01-01T00:00:00", ["01-31T00:00:00", "01-31T00:00:00"]),
        ("0 0 */1 * */2", "2026-01-01T00:00:00", ["01-03T00:00:00", "01-04T00:00:00", "01-06T00:00:00"]),
        ("0 0 ? * 7", "2026-01-01T00:00:00", ["01-04T00:00:00"]),
        ("*/20 * * * * *", "2026-01-01T00:00:00", ["01-01T00:00:20", "01-01T00:00:40", "01-01T00:01:00"]),
        ("30 5 4 * * *", "2026-01-01T00:00:00", ["01-01T04:05:30", "01-02T04:05:30"]),
        ("5-5 * * * *", "2026-01-01T00:00:00", ["01-01T00:05:00", "01-01T01:05:00"]),
        ("05-5/10 * * * *", "2026-01-01T00:00:00", ["01-01T00:05:00", "01-01T01:05:00"]),
        ("0 0 * * fri-fri", "2026-01-01T00:00:00", ["01-02T00:00:00", "01-09T00:00:00"]),
        ("0 0 * * sun-0", "2026-01-01T00:00:00", ["01-04T00:00:00", "01-11T00:00:00"]),
        ("0 0 * * Sun-7", "2026-01-01T00:00:00", ["01-04T00:00:00", "01-11T00:00:00"]),
        ("0 0 * * 7-0", "2026-01-01T00:00:00", ["01-04T00:00:00", "01-11T00:00:00"]),
        ("0 0 * * 0-sun/2", "2026-01-01T00:00:00", ["01-04T00:00:00", "01-11T00:00:00"]),
        ("0 0 * * 0-7", "2026-01-01T00:00:00", ["01-02T00:00:00", "01-03T00:00:00", "01-04T00:00:00"]),
        ("0 0 * * 1-mon", "2026-01-01T00:00:00", ["01-05T00:00:00", "01-12T00:00:00"]),
        ("0 0 * * sat-sun", "2026-01-01T00:00:00", ["01-03T00:00:00", "01-04T00:00:00", "01-10T00:00:00"]),
        ("0 0 1 mar-3 *", "2026-01-01T00:00:00", ["03-01T00:00:00"]),
        ("0 0 1 jan-1,5 *", "2026-01-01T00:00:00", ["05-01T00:00:00", "01-01T00:00:00"]),
        ("0 0 31-L * *", "2026-01-01T00:00:00", ["01-31T00:00:00", "03-31T00:00:00"]),
        ("0 0 l-l * *", "2026-02-01T00:00:00", ["02-28T00:00:00", "03-31T00:00:00"]),
        ("1-1,3-3 0 1-1 * *", "2026-01-01T00:00:00", ["01-01T00:01:00", "01-01T00:03:00", "02-01T00:01:00"]),
    ],
)
def test_an_expression_has_its_times(expression: str, after: str, following: list[str]) -> None:
    cron, moment, found = Cron(expression), ms(after), []
    for _ in following:
        found.append(moment := cron.after(moment) or 0)
    assert shown(found) == [f"{text}+00:00" for text in following]
    assert cron.latest(moment, len(found)) == found
    assert cron.latest(moment, 1) == found[-1:]
    assert cron.latest(moment, len(found), found[0] + 1) == found[1:]
    assert cron.latest(moment - 1, 1, moment) == []


@pytest.mark.parametrize("name", SHORTHANDS)
def test_a_shorthand_is_the_expression_that_it_stands_for_whatever_the_name(name: str) -> None:
    moment = ms("2026-05-05T05:05:05")
    assert Cron(name.upper(), name="nightly").after(moment) == Cron(SHORTHANDS[name]).after(moment)


def test_h_stays_the_same_for_a_name_and_spreads_the_names() -> None:
    moment = ms("2026-01-01T00:00:00")
    assert Cron("H H * * *", name="a").after(moment) == Cron("h h * * *", name="a").after(moment)
    assert len({Cron("H * * * *", name=f"report {n}").after(moment) for n in range(500)}) == 60
    assert len({Cron("H H * * * *", name=f"report {n}").after(moment) for n in range(500)}) > 300


def test_h_is_no_day_that_months_lack() -> None:
    days = set()
    for n in range(300):
        found = times(Cron("0 0 H * *", name=f"n {n}"), ms("2026-01-01T00:00:00") - 1, ms("2026-12-31T00:00:00"))
        assert len(found) == 12
        days |= {datetime.fromtimestamp(time / 1000, UTC).day for time in found}
    assert days == set(range(1, 29))


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("R * * * *", "another time at each reading"),
        ("0 r(0-5) * * *", "another time at each reading"),
        ("0 0 0 1 1 * 2026", "five fields, or six with the seconds first, and has 7"),
        ("* * * *", "has 4"),
        ("@reboot", "there are @hourly"),
        ("@every 5m", "there are @hourly"),
        ("0 0 30 2 *", "it never comes"),
        ("0 0 31 4,6 *", "it never comes"),
        ("61 * * * *", "no cron expression"),
        ("*/0 * * * *", "no cron expression"),
        ("5-5/0 * * * *", "no cron expression"),
        ("0 0 * * funday", "no cron expression"),
        ("-1 * * * *", "no cron expression"),
        ("h,5 * * * *", "no cron expression"),
        ("0 0 l-31 * *", "no cron expression"),
        ("0 0 1 jan-1/0 *", "no cron expression"),
        ("0 0 * * * 8", "no cron expression"),
        (f"{','.join(map(str, range(59)))} 0{',1' * 50} * * *", "at most 200 characters"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason_on_one_line(expression: str, why: str) -> None:
    with pytest.raises(InvalidSchedule, match=why) as refused:
        Cron(expression)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "../etc/passwd", "", "Europe/Berlin\0", "x" * 5000])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(InvalidSchedule, match="tz must be a time zone"):
        Cron("0 0 * * *", zone)


# --- clocks that change ---


def test_a_time_that_does_not_exist_runs_once_right_after_the_gap() -> None:
    assert day("30 2 * * *", "2026-03-29", BERLIN) == ["03:00:00+02:00"]
    assert day("* 2 * * *", "2026-03-29", BERLIN) == ["03:00:00+02:00"]
    assert day("0,30 1-3 * * *", "2026-03-29", BERLIN) == [
        *("01:00:00+01:00", "01:30:00+01:00", "03:00:00+02:00", "03:30:00+02:00")
    ]
    assert day("15 10 2 * * *", "2026-03-29", BERLIN) == ["03:00:00+02:00"]
    assert day("10 2 * * *", "2026-10-04", LORD_HOWE) == ["02:30:00+11:00"]


def test_a_time_that_comes_twice_runs_once_the_first_time() -> None:
    assert day("30 2 * * *", "2026-10-25", BERLIN) == ["02:30:00+02:00"]
    assert day("*/30 2-3 * * *", "2026-10-25", BERLIN) == [
        *("02:00:00+02:00", "02:30:00+02:00", "03:00:00+01:00", "03:30:00+01:00")
    ]
    assert day("45 1 * * *", "2026-04-05", LORD_HOWE) == ["01:45:00+11:00"]


def test_a_starred_hour_runs_through_both_and_has_nothing_to_run_in_a_gap() -> None:
    autumn, spring = day("30 * * * *", "2026-10-25", BERLIN), day("30 * * * *", "2026-03-29", BERLIN)
    assert autumn[1:5] == ["01:30:00+02:00", "02:30:00+02:00", "02:30:00+01:00", "03:30:00+01:00"]
    assert spring[1:3] == ["01:30:00+01:00", "03:30:00+02:00"]
    assert (len(autumn), len(spring)) == (25, 23)
    assert day("0 */2 * * *", "2026-10-25", BERLIN)[:4] == [
        *("00:00:00+02:00", "02:00:00+02:00", "02:00:00+01:00", "04:00:00+01:00")
    ]
    assert len(day("* * * * *", "2026-10-25", BERLIN)) == 25 * 60
    assert len(day("*/15 * * * *", "2026-04-05", LORD_HOWE)) == 24 * 4 + 2


def test_after_the_second_pass_of_an_hour_the_next_day_follows() -> None:
    in_the_second_pass = ms("2026-10-25T02:10", BERLIN, fold=1)
    for expression in ("30 2 * * *", "* * 2 * * *"):
        found = Cron(expression, BERLIN).after(in_the_second_pass)
        assert found is not None and shown([found], BERLIN)[0].startswith("10-26T02:")


def test_a_day_that_a_zone_left_out_has_its_time_right_after_it() -> None:
    """On Samoa the 29th of December 2011 was followed by the 31st."""
    found = times(
        Cron("0 12 * * *", "Pacific/Apia"),
        ms("2011-12-29T00:00", "Pacific/Apia"),
        ms("2012-01-02T00:00", "Pacific/Apia"),
    )
    assert [text[:11] for text in shown(found, "Pacific/Apia")] == [
        *("12-29T12:00", "12-31T00:00", "12-31T12:00", "01-01T12:00")
    ]


# --- speed ---


@pytest.mark.parametrize("expression", ["* * * * * *", "0 * * 1 *", "0 */2 29 2 *", "30 2 29 2 *"])
def test_a_time_is_found_in_a_few_steps_however_long_ago_the_last_was(
    expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cron, now = Cron(expression, BERLIN), ms("2026-06-01T00:00:00")
    steps: list[float] = []
    walk = Cron._walk

    def counted(step: Callable[..., float], start: float) -> int | None:
        steps.append(start)
        return walk(step, start)

    monkeypatch.setattr(Cron, "_walk", staticmethod(counted))
    assert len(cron.latest(now, 1, now - 4 * 366 * 86_400_000)) == 1
    assert cron.after(now) is not None
    assert len(steps) <= 10


def test_a_moment_far_away_has_no_times() -> None:
    assert Cron("0 0 * * *").after(10**15) is None
    assert Cron("0 0 * * *").after(-(10**15)) == 0 + 86_400_000
    assert Cron("0 0 * * *").latest(-(10**15), 5) == []
