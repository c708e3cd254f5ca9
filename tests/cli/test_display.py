"""The display of the demo: bars that show the counts, a panel that fits the terminal, lines if there is none."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from kue.cli.demo.display import Bars, Lines, display_for, panel, stacked
from kue.cli.demo.scenario import NODE_PARTS, PYTHON_PARTS
from kue.cli.demo.view import Line, View


def line(
    planned: int, complete: int = 0, failed: int = 0, active: int = 0, delayed: int = 0, inactive: int = 0
) -> Line:
    states = {"complete": complete, "failed": failed, "active": active, "delayed": delayed, "inactive": inactive}
    return Line("email", "results", planned, states)


def view(elapsed: float = 1.0, *notes: str) -> View:
    types = [
        Line(part.type, part.story, 4000, {"complete": 1000, "failed": 2, "active": 3, "delayed": 4, "inactive": 5})
        for part in (*PYTHON_PARTS, *NODE_PARTS)
    ]
    lines = [("green", f"email {number} complete: {'x' * 200}") for number in range(20)]
    return View("redis://127.0.0.1:6379", elapsed, 10, types, 7, 123.4, (3, 8), lines, notes)


def stretches(line: Line, width: int) -> list[tuple[str, int]]:
    """The bar as its stretches: (style, cells)."""
    text = stacked(line, width)
    assert cell_len(text.plain) == width
    return [(str(span.style), span.end - span.start) for span in text.spans]


def test_a_bar_has_a_stretch_for_each_state_and_dots_for_what_is_to_come() -> None:
    assert stretches(line(20, complete=4, failed=2, active=2, delayed=2, inactive=4), 40) == [
        ("green", 8),
        ("red", 4),
        ("yellow", 4),
        ("blue", 4),
        ("bright_black", 8),
        ("dim", 12),
    ]


def test_a_bar_is_full_when_all_is_done_however_it_is_rounded() -> None:
    assert stretches(line(3, complete=1, failed=2), 10) == [("green", 3), ("red", 7)]


def test_more_jobs_than_planned_do_not_overflow_a_bar() -> None:
    assert stretches(line(2, complete=5), 10) == [("green", 10)]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 40), (60, 24), (200, 60)])
def test_the_panel_fits_the_terminal(width: int, height: int) -> None:
    console = Console(width=width, height=height, file=io.StringIO(), legacy_windows=False)
    with console.capture() as capture:
        console.print(panel(view(), width, height))
    lines = capture.get().splitlines()
    assert len(lines) < height
    assert {cell_len(line) for line in lines} == {min(width, 110)}
    for part in (*PYTHON_PARTS, *NODE_PARTS):
        assert any(part.type in line and "1002/4000" in line for line in lines)
    assert any("total" in line and "10020/40000" in line for line in lines)
    assert "123 jobs a second, 7 retries, 3 of 8 promises settled" in capture.get()


def test_a_terminal_gets_bars_and_anything_else_gets_lines() -> None:
    assert isinstance(display_for(Console(file=io.StringIO(), force_terminal=True)), Bars)
    assert isinstance(display_for(Console(file=io.StringIO())), Lines)


def test_lines_are_printed_once_a_second_and_notes_once() -> None:
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as capture, Lines(console) as display:
        for elapsed, notes in ((0.2, ()), (0.9, ("one is ready",)), (1.0, ("one is ready", "two is ready")), (3.5, ())):
            display.show(view(elapsed, *notes))
    shown = [line.partition(" created")[0].strip() for line in capture.get().splitlines()]
    assert shown == [
        "0.2 s  10140 of 40000",
        "one is ready",
        "two is ready",
        "1.0 s  10140 of 40000",
        "3.5 s  10140 of 40000",
    ]
