"""The chart of how long jobs took and waited, on a logarithmic scale.

It has a line for the time that half of the runs did not exceed, one for 95 % of them, and one for 95 % of the waits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from kue.stats.series import Numbers
from kue.web.charts.chart import HEIGHT, Chart, Drawing, Slots
from kue.web.charts.steps import decades
from kue.web.words import duration

_LINES = {"run p50": "p50", "run p95": "p95", "wait p95": "wait_p95"}
_CLASSES = {"run p50": "run-p50", "run p95": "run-p95", "wait p95": "wait-p95"}


def latency(slots: Slots, total: Numbers) -> Chart:
    """The chart of a series. `total` are the numbers of the whole time, for the legend."""
    values = [value for one in slots.numbers for name in _LINES.values() if (value := getattr(one, name)) is not None]
    low, high = decades(values)

    def height(value: float) -> float:
        return HEIGHT * (high - math.log10(max(10.0**low, value))) / (high - low)

    drawing = Drawing()
    for level in range(high - low + 1):
        drawing.level("grid", HEIGHT * level / (high - low))
    for label, name in _LINES.items():
        for points in _pieces(slots, name, height):
            drawing.line(_CLASSES[label], points)
    return Chart(
        svg=drawing.markup(),
        levels=[_level(exponent) for exponent in range(high, low - 1, -1)],
        moments=slots.starts(),
        slots=slots.described,
        totals={label: duration(getattr(total, name)) for label, name in _LINES.items()},
        sentence=_sentence(total, values),
        columns=list(_LINES),
        rows=[
            (slots.begin + place * slots.length, [duration(getattr(one, name)) for name in _LINES.values()])
            for place, one in enumerate(slots.numbers)
            if any(getattr(one, name) is not None for name in _LINES.values())
        ],
        is_empty=not values,
    )


def _level(exponent: int) -> str:
    """A power of ten, in ms, as a label: 100 ms, 1 s, 10 s."""
    return f"{10 ** (exponent - 3):,} s" if exponent >= 3 else f"{10**exponent} ms"


def _pieces(slots: Slots, name: str, height: Callable[[float], float]) -> Iterator[Sequence[tuple[float, float]]]:
    """The points of a line, in pieces: a slot without a value cuts it. A value alone becomes a short line."""
    piece: list[tuple[float, float]] = []
    for place, one in enumerate([*slots.numbers, Numbers()]):
        value = getattr(one, name)
        if value is not None:
            piece.append(((place + 0.5) * slots.width, height(value)))
        elif piece:
            if len(piece) == 1:
                x, y = piece[0]
                piece = [(x - slots.width / 3, y), (x + slots.width / 3, y)]
            yield piece
            piece = []


def _sentence(total: Numbers, values: list[float]) -> str:
    if not values:
        return "No job ran in this time."
    half, most, waited = duration(total.p50), duration(total.p95), duration(total.wait_p95)
    return (
        f"Half of the runs took {half} or less, 95 % of them {most} or less. 95 % of the jobs waited {waited} or less."
    )
