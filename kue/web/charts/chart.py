"""What a chart consists of: the drawing, the labels beside it, a sentence, and the same numbers as a table.

The drawing is stretched to its place. So no text is in it, and its labels stand evenly spaced beside it as HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

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
    - `sentence`: what happened, for readers who do not see the drawing; if `at` is given, that moment (ms) ends it
    - `rows`: the moment of each slot with the values of `columns`
    """

    svg: Markup
    levels: Sequence[str]
    moments: Sequence[int]
    totals: dict[str, str]
    sentence: str
    columns: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]
    is_empty: bool = False
    at: int | None = None


class Drawing:
    """An SVG under way. Shapes have classes, and no colours of their own."""

    def __init__(self, width: float = WIDTH, height: float = HEIGHT, name: str = "chart") -> None:
        self._root = ElementTree.Element(
            "svg",
            {
                "class": name,
                "viewBox": f"0 0 {number(width)} {number(height)}",
                "preserveAspectRatio": "none",
                "aria-hidden": "true",
                "focusable": "false",
            },
        )
        self._width = width

    def rectangle(self, name: str, x: float, y: float, width: float, height: float) -> None:
        if height > 0:
            sizes = {"x": number(x), "y": number(y), "width": number(width), "height": number(height)}
            ElementTree.SubElement(self._root, "rect", {"class": name, **sizes})

    def level(self, name: str, y: float) -> None:
        """A line from left to right."""
        self.line(name, [(0, y), (self._width, y)])

    def line(self, name: str, points: Sequence[tuple[float, float]]) -> None:
        """A line through points. It keeps its thickness if the drawing is stretched."""
        if points:
            path = " ".join(f"{number(x)},{number(y)}" for x, y in points)
            attributes = {"class": name, "points": path, "vector-effect": "non-scaling-stroke", "fill": "none"}
            ElementTree.SubElement(self._root, "polyline", attributes)

    def markup(self) -> Markup:
        return Markup(ElementTree.tostring(self._root, encoding="unicode", short_empty_elements=False))


def number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
