"""The small drawings of failures and workers: bars of hours, and slots as squares."""

from kue.web.charts.hours import HOUR_MS, hour_bars, in_the_last_day
from kue.web.charts.slots import slots

NOW = 1_000 * HOUR_MS + 1234


def test_each_of_the_last_24_hours_has_a_bar_and_older_ones_have_none() -> None:
    hours = {1_000 * HOUR_MS: 2, 977 * HOUR_MS: 4, 976 * HOUR_MS: 9, 1_001 * HOUR_MS: 9}
    drawing = hour_bars(hours, NOW)
    assert drawing.count("<rect") == 2
    assert '<rect class="failed" x="92" y="11" width="3.2" height="11">' in drawing
    assert '<rect class="failed" x="0" y="0" width="3.2" height="22">' in drawing
    assert in_the_last_day(hours, NOW) == 6


def test_a_day_without_failures_has_only_its_line() -> None:
    drawing = hour_bars({}, NOW)
    assert "<rect" not in drawing and "<polyline" in drawing


def test_up_to_24_slots_are_squares_and_more_are_a_bar() -> None:
    squares = slots(3, 24)
    assert (squares.count('class="busy"'), squares.count('class="free"')) == (3, 21)
    bar = slots(5, 25)
    assert (bar.count('class="busy"'), bar.count('class="free"')) == (1, 1)
    assert 'width="32"' in bar


def test_figures_that_make_no_sense_draw_no_more_than_there_is() -> None:
    assert slots(9, 2).count('class="busy"') == 2
    assert slots(-1, 2).count('class="busy"') == 0
    assert "<rect" not in slots(0, 0)
