"""Draws the results: a panel for each headline figure, with a bar for each contestant."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from benchmarks.results import NODE, OURS, Results
from benchmarks.scenarios.scenario import LESS, Row
from benchmarks.table import figure

HEADLINES = ("save_each", "save_bulk", "slots_1", "slots_10", "slots_50", "async_1000", "trip_p50", "trips")
PANEL, LABEL, NUMBERS, BAR, GAP, MARGIN = 720, 130, 130, 18, 6, 24  # pixels
INK, FAINT, PAPER = "#1f2933", "#66788a", "#ffffff"
COLOURS = {OURS: "#2f6fde", NODE: "#e0922f"}
COLOUR_OF_OTHERS = "#9fb0c0"
MAX_TIMES_NODE = 5  # a bar is cut at five times the length of Node Kue's, so that the other bars stay readable
FONT = "font-family='system-ui, -apple-system, Segoe UI, DejaVu Sans, sans-serif'"


def chart(results: Results, footer: str) -> str:
    """The drawing as SVG. Rows that were not measured are left out."""
    rows = [row for row in results.rows if row.key in HEADLINES and results.median(row, OURS) is not None]
    rows.sort(key=lambda row: HEADLINES.index(row.key))
    body: list[str] = []
    y = 2.0 * MARGIN
    for row in rows:
        body += _panel(results, row, y)
        y += _height(results, row)
    notes = footer.splitlines()
    for note in notes:
        body.append(_text(MARGIN, y, note, size=11, colour=FAINT))
        y += 15
    width = PANEL + 2 * MARGIN
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {y + MARGIN:.0f}' width='{width}' {FONT}>"
    background = f"<rect width='100%' height='100%' fill='{PAPER}'/>"
    return "\n".join([head, background, *body, "</svg>\n"])


def _bars(results: Results, row: Row) -> list[tuple[str, str, float]]:
    """Key, title and value of each contestant that was measured, the best first."""
    found = [(one.key, one.title, results.median(row, one.key)) for one in results.contestants]
    measured = [(key, title, value) for key, title, value in found if value is not None]
    return sorted(measured, key=lambda bar: bar[2], reverse=row.better != LESS)


def _height(results: Results, row: Row) -> float:
    return float(len(_bars(results, row)) * (BAR + GAP) + 2 * MARGIN)


def _panel(results: Results, row: Row, y: float) -> Iterator[str]:
    better = "less is better" if row.better == LESS else "more is better"
    yield _text(MARGIN, y, f"{row.title}, {row.unit}", size=14, weight="600")
    yield _text(PANEL + MARGIN, y, better, size=11, colour=FAINT, anchor="end")
    bars = _bars(results, row)
    longest = max(value for _, _, value in bars) or 1.0
    if row.better == LESS and (nodes := results.median(row, NODE)):
        longest = min(longest, MAX_TIMES_NODE * nodes)
    room = PANEL - LABEL - NUMBERS
    for i, (key, title, value) in enumerate(bars):
        top = y + 12 + i * (BAR + GAP)
        middle = top + BAR - 5
        colour, width = COLOURS.get(key, COLOUR_OF_OTHERS), max(1.0, room * min(1.0, value / longest))
        yield _text(MARGIN + LABEL - 8, middle, title, size=12, anchor="end", weight="600" if key == OURS else "400")
        yield f"<rect x='{MARGIN + LABEL}' y='{top:.1f}' width='{width:.1f}' height='{BAR}' rx='2' fill='{colour}'/>"
        if value > longest:
            yield _cut_mark(MARGIN + LABEL + width - 30, top)
        yield _text(MARGIN + LABEL + width + 8, middle, _label(results, row, key, value), size=12)


def _cut_mark(x: float, y: float) -> str:
    points = f"{x:.1f},{y + BAR:.1f} {x + 8:.1f},{y:.1f} {x + 14:.1f},{y:.1f} {x + 6:.1f},{y + BAR:.1f}"
    return f"<polygon points='{points}' fill='{PAPER}'/>"


def _label(results: Results, row: Row, key: str, value: float) -> str:
    ratio = results.ratio(row, key)
    return figure(value) if ratio is None or key == NODE else f"{figure(value)}  ({ratio:.2f}x)"


def _text(
    x: float, y: float, text: str, *, size: int, colour: str = INK, anchor: str = "start", weight: str = "400"
) -> str:
    place = f"x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'"
    return f"<text {place} font-size='{size}' font-weight='{weight}' fill='{colour}'>{escape(text)}</text>"
