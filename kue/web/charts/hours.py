"""The small bars of a group of failures: how many came in each of the last 24 hours."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from kue.web.charts.chart import Drawing

HOURS = 24
HOUR_MS = 3_600_000
WIDTH, HEIGHT = 96, 22
_BAR, _STEP = 3.2, WIDTH / HOURS
_LEAST = 2.0  # the height of a bar that is not zero


def hour_bars(hours: Mapping[int, int], now: int) -> Markup:
    """Bars of the hours, which are counted by their start in ms; the last one is the hour that is running."""
    last = now // HOUR_MS * HOUR_MS
    counts = [hours.get(last - HOUR_MS * ago, 0) for ago in reversed(range(HOURS))]
    greatest = max(counts)
    drawing = Drawing(WIDTH, HEIGHT, "spark")
    drawing.level("zero", HEIGHT - 0.5)
    for place, count in enumerate(counts):
        if count:
            high = max(_LEAST, HEIGHT * count / greatest)
            drawing.rectangle("failed", place * _STEP, HEIGHT - high, _BAR, high)
    return drawing.markup()


def in_the_last_day(hours: Mapping[int, int], now: int) -> int:
    """How many came in those hours."""
    last = now // HOUR_MS * HOUR_MS
    return sum(count for at, count in hours.items() if last - HOURS * HOUR_MS < at <= last)
