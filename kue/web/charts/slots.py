"""The slots of a worker as squares, the busy ones filled; as a bar if there are many. The figures stand beside it."""

from __future__ import annotations

from markupsafe import Markup

from kue.web.charts.chart import Drawing

MAX_SQUARES = 24
SIZE, _GAP = 9, 3
_BAR_WIDTH = 160


def slots(busy: int, total: int) -> Markup:
    """A drawing of `total` slots, `busy` of which run a job."""
    filled = min(max(0, busy), total)
    if total <= MAX_SQUARES:
        step = SIZE + _GAP
        drawing = Drawing(max(1, total * step - _GAP), SIZE, "slots")
        for place in range(total):
            drawing.rectangle("busy" if place < filled else "free", place * step, 0, SIZE, SIZE)
        return drawing.markup()
    drawing = Drawing(_BAR_WIDTH, SIZE, "slots bar")
    drawing.rectangle("free", 0, 0, _BAR_WIDTH, SIZE)
    if filled:
        drawing.rectangle("busy", 0, 0, _BAR_WIDTH * filled / total, SIZE)
    return drawing.markup()
