"""The small bars beside the figures of a type. They are decoration: the figure says the same."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from kue.stats.series import Numbers
from kue.web.charts.chart import Drawing

WIDTH, HEIGHT = 92, 22
_GAP = 0.2  # of a bar
_LEAST = 1.5  # the height of a bar that is not zero


def sparkline(numbers: Sequence[Numbers]) -> Markup:
    """How many runs ended in each slot; those that failed stand on top, in their colour."""
    drawing = Drawing(WIDTH, HEIGHT, "spark")
    greatest = max((_ended(one) for one in numbers), default=0)
    wide = WIDTH / max(1, len(numbers))
    drawing.level("zero", HEIGHT - 0.5)
    good, bad = [], []
    for place, one in enumerate(numbers):
        if ended := _ended(one):
            high = max(_LEAST, HEIGHT * ended / greatest)
            failed = high * one.failed / ended
            x, width = place * wide, wide * (1 - _GAP)
            if failed < high:
                good.append((x, HEIGHT - high + failed, width, high - failed))
            if failed:
                bad.append((x, HEIGHT - high, width, failed))
    drawing.bars("complete", good)
    drawing.bars("failed", bad)
    return drawing.markup()


def _ended(one: Numbers) -> int:
    return one.completed + one.failed + one.retried
