"""The runs of a job share one axis of time: each is drawn where it was, and a very long wait is shortened."""

import re
from typing import Any

import pytest

from kue.web.charts.runs import WAITS, Timeline, timeline

CREATED, NOW = 1_000_000, 1_100_000


def run(start: Any, duration: Any, outcome: Any = "failed", number: Any = 1, **more: Any) -> dict[str, Any]:
    return {
        "run": number,
        "start": start,
        "duration": duration,
        "outcome": outcome,
        "worker": "w",
        "error": None,
    } | more


def places(found: Timeline) -> list[tuple[float, float]]:
    """Where the bar of each row begins and ends, in per cent, the newest first."""
    bars = [re.search(r'<rect [^>]*x="([\d.]+)%" width="([\d.]+)%"', row.svg) for row in found.rows]
    return [(float(bar[1]), round(float(bar[1]) + float(bar[2]), 2)) for bar in bars if bar]


def test_each_run_is_drawn_at_its_time() -> None:
    runs = [run(CREATED + 10_000, 20_000), run(CREATED + 50_000, None, "running", 2)]
    found = timeline(runs, CREATED, NOW, waits=False)
    assert places(found) == [(50, 100), (10, 30)]
    assert [(row.number, row.waited, row.ran, row.colour) for row in found.rows] == [
        (2, 20_000, 50_000, "active"),
        (1, 10_000, 20_000, "failed"),
    ]
    assert found.moments == [CREATED, CREATED + 50_000, NOW]
    assert not found.is_odd


def test_a_job_that_has_ended_ends_the_axis() -> None:
    found = timeline([run(CREATED + 10_000, 10_000, "complete")], CREATED, NOW, waits=False)
    assert (places(found), found.moments[-1]) == ([(50, 100)], CREATED + 20_000)


def test_a_wait_for_the_next_run_has_a_row_without_a_bar() -> None:
    found = timeline([run(CREATED, 50_000)], CREATED, NOW, waits=True)
    assert [(row.number, row.outcome, row.waited, row.ran) for row in found.rows] == [
        (2, WAITS, 50_000, None),
        (1, "failed", 0, 50_000),
    ]
    assert "rect" not in found.rows[0].svg
    [only] = timeline([], CREATED, NOW, waits=True).rows
    assert (only.number, only.waited) == (1, 100_000)


def test_a_wait_of_most_of_the_time_is_shortened_and_says_how_long_it_was() -> None:
    runs = [run(CREATED, 10_000), run(CREATED + 90_000, 10_000, "complete", 2)]
    found = timeline(runs, CREATED, NOW, waits=False)
    assert places(found) == [(68, 100), (0, 32)]
    assert "1 m 20 s" in found.rows[0].svg
    assert found.moments == [CREATED, CREATED + 50_000, NOW]


def test_a_wait_that_is_all_there_is_is_not_shortened() -> None:
    assert "<text" not in timeline([], CREATED, NOW, waits=True).rows[0].svg


@pytest.mark.parametrize("start", [NOW + 60_000, CREATED - 60_000])
def test_a_run_that_begins_where_it_cannot_is_noted(start: int) -> None:
    found = timeline([run(start, None, "running")], CREATED, NOW, waits=False)
    assert found.is_odd
    [(left, right)] = places(found)
    assert 0 <= left < right <= 100


def test_a_short_run_can_be_seen() -> None:
    runs = [run(CREATED, 50_000), run(NOW - 1, 1, number=2)]
    (left, right), _ = places(timeline(runs, CREATED, NOW, waits=False))
    assert right - left == pytest.approx(0.4)


@pytest.mark.parametrize("value", [None, "x", True, [], {}, float("nan"), 10**30, -(10**30), "<b>"])
def test_no_value_of_a_record_makes_it_fail(value: Any) -> None:
    odd = run(value, value, value, value, worker=value, error=value)
    found = timeline([odd, run(CREATED, value), run(CREATED + 1, 5, value)], value, NOW, waits=True)
    assert all(isinstance(row.number, int) for row in found.rows)


def test_nothing_is_drawn_of_a_job_of_which_no_time_is_known() -> None:
    assert timeline([], None, NOW, waits=True) == Timeline([], [])
