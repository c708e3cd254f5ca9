"""Cron expressions in words, and those of which nothing is said."""

import pytest

from kue.web.cron_words import in_words, interval_in_words


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("*/7 * * * *", "every 7 minutes, counted anew in each hour"),
        ("0 * * * *", "every hour"),
        ("15 * * * *", "every hour, at minute 15"),
        ("0,30 * * * *", "every hour, at minutes 0 and 30"),
        ("0 */2 * * *", "every 2 hours"),
        ("30 */5 * * *", "every 5 hours, counted anew in each day, at minute 30"),
        ("30 2 * * *", "at 02:30 every day"),
        ("0 8,12,18 * * *", "at 08:00, 12:00 and 18:00 every day"),
        ("30 2 * * 1-5", "at 02:30, Monday to Friday"),
        ("30 2 * * mon-fri", "at 02:30, Monday to Friday"),
        ("0 9 * * 0,6", "at 09:00, Sunday and Saturday"),
        ("0 9 * * 7", "at 09:00, Sunday"),
        ("*/15 9-17 * * 1-5", "every 15 minutes, from 09:00 to 17:59, Monday to Friday"),
        ("0 9-17 * * *", "every hour, from 09:00 to 17:00"),
        ("*/10 3 * * *", "every 10 minutes, from 03:00 to 03:59"),
        ("0 0 1 * *", "at 00:00, on day 1 of each month"),
        ("0 0 1,15 * *", "at 00:00, on days 1 and 15 of each month"),
        ("0 0 l * *", "at 00:00, on the last day of each month"),
        ("0 0 1 jan,jul *", "at 00:00, on day 1 of January and July"),
        ("0 6 * 6-8 *", "at 06:00, June to August"),
        ("0 6 * 12 1", "at 06:00, Monday, in December"),
        ("0 12 13 * 5", "at 12:00, on day 13 of each month, and also each Friday"),
        ("*/10 * * * * *", "every 10 seconds"),
        ("* * * * * *", "every second"),
        ("0 30 2 * * *", "at 02:30 every day"),
        ("@daily", "at 00:00 every day"),
        ("@weekly", "at 00:00, Sunday"),
        ("@hourly", "every hour"),
    ],
)
def test_a_common_expression_has_words(expression: str, words: str) -> None:
    assert in_words(expression) == words


@pytest.mark.parametrize(
    "expression",
    [
        "H 3 * * *",  # which minute that is follows from the name of the schedule
        "0 0 * * 5#2",
        "0 0 15w * *",
        "0 0 */2 * *",
        "5-10 * * * *",
        "10/7 * * * *",
        "30 * * * * *",
        "*/5 */2 * * *",
        "0,1 0-9 1 1 1,2/3",
        "*/0 * * * *",
        "61 * * * *",
        "not cron",
        "",
    ],
)
def test_nothing_is_said_of_another_one(expression: str) -> None:
    assert in_words(expression) is None


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (1000, "every second"),
        (90_000, "every 90 seconds"),
        (300_000, "every 5 minutes"),
        (3_600_000, "every hour"),
        (86_400_000, "every day"),
        (1_209_600_000, "every 2 weeks"),
        (1500, "every 1.5 s"),
    ],
)
def test_an_interval_has_words(ms: int, words: str) -> None:
    assert interval_in_words(ms) == words
