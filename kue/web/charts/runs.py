"""The runs of a job on one axis of time, from its creation to now or to its end: a small drawing for each run.

A drawing is as wide as its place. Its positions are shares of the width, so that lines and letters keep their size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

from kue.web.charts.chart import number
from kue.web.words import duration

HEIGHT = 16
LABELS = 3
_LONG_WAIT = 0.6  # of the whole: a longer wait is drawn shortened
_SHORTENED = 0.36  # to this share of the width
_LEAST = 0.004  # the width of the shortest bar
_GRID = (0.25, 0.5, 0.75)
WAITS = "waits"
_COLOURS = {
    "complete": "complete",
    "failed": "failed",
    "ttl": "failed",
    "cancelled": "failed",
    "ghost": "warning",
    "shutdown": "warning",
    "snoozed": "delayed",
    "running": "active",
}


@dataclass(frozen=True)
class Row:
    """A run, or the wait for the next one, whose outcome is `waits`. Times are in ms; None if they are not known."""

    number: int
    outcome: str
    colour: str
    start: int | None
    waited: int | None
    ran: int | None
    worker: str
    error: str
    svg: Markup


@dataclass(frozen=True)
class Timeline:
    """The rows, the newest first, and the moments of evenly spaced labels above them.

    `is_odd` tells that some clock is wrong: a run begins in the future, or before the one before it ended.
    """

    rows: Sequence[Row]
    moments: Sequence[int]
    is_odd: bool = False


@dataclass(frozen=True)
class _Span:
    """A run with the wait before it."""

    run: Mapping[str, Any]
    waits_from: int
    start: int
    end: int


class _Axis:
    """Where on the axis a moment is, from 0 to 1. The longest wait may be shortened."""

    def __init__(self, begin: int, end: int, spans: Sequence[_Span]) -> None:
        self._begin, self._end = begin, max(end, begin + 1)
        whole = self._end - begin
        longest = max(spans, key=lambda span: span.start - span.waits_from)
        wait = longest.start - longest.waits_from
        is_broken = _LONG_WAIT * whole < wait < whole
        self.broken = (longest.waits_from, longest.start) if is_broken else (begin, begin)
        self._share = _SHORTENED if is_broken else 0.0
        self._scale = (1 - self._share) / (whole - (wait if is_broken else 0))

    def at(self, moment: int) -> float:
        first, last = self.broken
        found = (min(moment, first) - self._begin) * self._scale
        if moment > first and self._share:
            found += self._share * (min(moment, last) - first) / (last - first)
        return found + max(0, moment - last) * self._scale if moment > last else found

    def moment(self, share: float) -> int:
        """The moment at a place of the axis, so that the labels are right."""
        low, high = self._begin, self._end
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.at(middle) < share else (low, middle)
        return low


def timeline(runs: Sequence[Mapping[str, Any]], created: object, now: int, *, waits: bool) -> Timeline:
    """The timeline of a job whose runs are as `Job.runs` has them. `waits` tells that it waits for its next run.

    What is no number counts as not known.
    """
    begin, is_odd = _whole(created), False
    spans: list[_Span] = []
    for run in runs:
        start = _whole(run.get("start"))
        if start is None:
            continue
        before = spans[-1].end if spans else begin if begin is not None else start
        is_odd = is_odd or start > now or start < before
        took = _whole(run.get("duration"))
        is_running = run.get("outcome") == "running"
        start = max(before, min(start, now))
        end = now if is_running else min(now, start + (took or 0))
        spans.append(_Span(run, before, start, max(start, end)))
    if waits and (spans or begin is not None):
        last = spans[-1].end if spans else min(begin or 0, now)
        next_run = {"run": (_whole(spans[-1].run.get("run")) or len(spans)) + 1 if spans else 1, "outcome": WAITS}
        spans.append(_Span(next_run, last, max(last, now), max(last, now)))
    if not spans:
        return Timeline([], [])
    axis = _Axis(spans[0].waits_from, spans[-1].end, spans)
    rows = [_row(span, axis, place) for place, span in enumerate(spans, 1)]
    return Timeline(rows[::-1], [axis.moment(place / (LABELS - 1)) for place in range(LABELS)], is_odd)


def _row(span: _Span, axis: _Axis, place: int) -> Row:
    run, outcome = span.run, _text(span.run.get("outcome"))
    is_run = outcome != WAITS
    return Row(
        number=_whole(run.get("run")) or place,
        outcome=outcome,
        colour=_COLOURS.get(outcome, "queued"),
        start=span.start if is_run else None,
        waited=span.start - span.waits_from,
        ran=(span.end - span.start if outcome == "running" else _whole(run.get("duration"))) if is_run else None,
        worker=_text(run.get("worker")),
        error=_text(run.get("error")),
        svg=_drawing(span, axis, _COLOURS.get(outcome, "queued") if is_run else ""),
    )


def _drawing(span: _Span, axis: _Axis, colour: str) -> Markup:
    svg = ElementTree.Element(
        "svg", {"class": "run", "width": "100%", "height": str(HEIGHT), "aria-hidden": "true", "focusable": "false"}
    )
    for share in _GRID:
        _line(svg, "grid", share, share, "0", "100%")
    left, start, end = axis.at(span.waits_from), axis.at(span.start), axis.at(span.end)
    if start > left:
        _line(svg, "waited", left, start, "50%", "50%")
        if axis.broken == (span.waits_from, span.start):
            _break(svg, (left + start) / 2, duration(span.start - span.waits_from))
    if colour:
        width = max(_LEAST, end - start)
        bar = {"x": _percent(min(start, 1 - width)), "width": _percent(width), "y": "4", "height": "8"}
        ElementTree.SubElement(svg, "rect", {"class": f"ran {colour}", **bar})
    return Markup(ElementTree.tostring(svg, encoding="unicode", short_empty_elements=False))


def _line(svg: ElementTree.Element, name: str, left: float, right: float, top: str, bottom: str) -> None:
    ends = {"x1": _percent(left), "x2": _percent(right), "y1": top, "y2": bottom}
    ElementTree.SubElement(svg, "line", {"class": name, **ends})


def _break(svg: ElementTree.Element, middle: float, length: str) -> None:
    """The length of a wait that is drawn shortened, between two strokes."""
    text = ElementTree.SubElement(svg, "text", {"class": "break", "x": _percent(middle), "y": "12"})
    text.set("text-anchor", "middle")
    text.text = f"\u2215 {length} \u2215"


def _percent(share: float) -> str:
    return f"{number(100 * share)}%"


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 10**15:
        return None
    return int(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
