"""What a chart consists of: the drawing, the labels beside it, a sentence, and the same numbers as a table.

The drawing is stretched to its place. So no text is in it, and its labels stand evenly spaced beside it as HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from kue.stats.series import Numbers

WIDTH, HEIGHT = 1000, 300


@dataclass(frozen=True)
class Slots:
    """A series without gaps: the numbers of each slot, when the first begins (ms), and how long one is (ms)."""

    begin: int
    length: int
    numbers: Sequence[Numbers]

    @classmethod
    def fill(cls, series: Iterable[tuple[int, Numbers]], begin: int, length: int, count: int) -> Slots:
        """From a series that has only slots with any numbers. What is outside of the time is left out."""
        found = dict(series)
        return cls(begin, length, [found.get(begin + length * n, Numbers()) for n in range(count)])

    @property
    def width(self) -> float:
        """Of one slot in the drawing."""
        return WIDTH / max(1, len(self.numbers))

    @property
    def described(self) -> str:
        """When the first slot begins, how long one is, and how many there are, for scripts."""
        return f"{self.begin} {self.length} {len(self.numbers)}"

    def starts(self, labels: int = 5) -> list[int]:
        """The moments of evenly spaced labels, in ms; the last is the end."""
        span = self.length * len(self.numbers)
        return [self.begin + span * n // (labels - 1) for n in range(labels)]


@dataclass(frozen=True)
class Chart:
    """A chart to be put on a page.

    - `svg`: the drawing
    - `levels`: the labels of its lines from top to bottom, evenly spaced
    - `moments`: those below it from left to right, in ms, evenly spaced
    - `totals`: the legend, names with what they came to
    - `slots`: when the first slot begins (ms), how long one is (ms), and how many there are, with spaces between
    - `sentence`: what happened, for readers who do not see the drawing; if `at` is given, that moment (ms) ends it
    - `rows`: the moment of each slot with the values of `columns`
    """

    svg: Markup
    levels: Sequence[str]
    moments: Sequence[int]
    totals: dict[str, str]
    slots: str
    sentence: str
    columns: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]
    is_empty: bool = False
    at: int | None = None


class Drawing:
    """An SVG under way. Shapes have classes, which are names of our own, and no colours."""

    def __init__(self, width: float = WIDTH, height: float = HEIGHT, name: str = "chart") -> None:
        self._width = width
        self._parts = [
            f'<svg class="{name}" viewBox="0 0 {number(width)} {number(height)}" preserveAspectRatio="none" '
            'aria-hidden="true" focusable="false">'
        ]

    def rectangle(self, name: str, x: float, y: float, width: float, height: float) -> None:
        if height > 0:
            sizes = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
            self._parts.append(f'<rect class="{name}" {sizes}></rect>')

    def bars(self, name: str, bars: Iterable[tuple[float, float, float, float]]) -> None:
        """Rectangles as one shape, each with its left, top, width and height: shorter, if there are many."""
        path = "".join(
            f"M{number(x)} {number(y)}h{number(width)}v{number(height)}h-{number(width)}z"
            for x, y, width, height in bars
        )
        if path:
            self._parts.append(f'<path class="{name}" d="{path}"></path>')

    def level(self, name: str, y: float) -> None:
        """A line from left to right."""
        self.line(name, [(0, y), (self._width, y)])

    def line(self, name: str, points: Sequence[tuple[float, float]]) -> None:
        """A line through points. It keeps its thickness if the drawing is stretched."""
        if points:
            path = " ".join(f"{number(x)},{number(y)}" for x, y in points)
            attributes = f'class="{name}" points="{path}" vector-effect="non-scaling-stroke" fill="none"'
            self._parts.append(f"<polyline {attributes}></polyline>")

    def markup(self) -> Markup:
        return Markup("".join([*self._parts, "</svg>"]))


def number(value: float) -> str:
    """A number in a drawing, as exact as an eye sees."""
    return f"{value:.6g}"
