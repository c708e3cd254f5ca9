"""Shows the demo while it runs: bars if the output is a terminal, or else a line each second."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from kue.cli.demo.view import STATES, Line, View

_NAMES = {"complete": "complete", "failed": "failed", "active": "running", "delayed": "delayed", "inactive": "waiting"}
_STYLES = {"complete": "green", "failed": "red", "active": "yellow", "delayed": "blue", "inactive": "bright_black"}
_CELL, _NOT_CREATED = "█", "·"
_FRAME_WIDTH = 4
_MAX_LINES = 8


class Display(ABC):
    """Shows views, from the start of a `with` block to its end."""

    @abstractmethod
    def show(self, view: View) -> None:
        """Show the state of the demo now."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


class Bars(Display):
    """A panel that is drawn again in the same place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._live.stop()

    def show(self, view: View) -> None:
        self._live.update(panel(view, self._console.width, self._console.height), refresh=True)


class Lines(Display):
    """Prints a line for each second that has begun, one at the end, and each note once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._second = -1
        self._notes = 0
        self._unprinted: View | None = None

    def __exit__(self, *exc: object) -> None:
        if self._unprinted is not None:
            self._print_view(self._unprinted)

    def show(self, view: View) -> None:
        for note in view.notes[self._notes :]:
            self._print(note)
        self._notes = len(view.notes)
        self._unprinted = view
        if int(view.elapsed) > self._second:
            self._second = int(view.elapsed)
            self._print_view(view)

    def _print_view(self, view: View) -> None:
        self._unprinted = None
        total = view.total
        counts = ", ".join(f"{total.states[state]} {_NAMES[state]}" for state in reversed(STATES))
        self._print(f"{view.elapsed:5.1f} s  {total.created} of {total.planned} created: {counts}; {_extras(view)}")

    def _print(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)


def display_for(console: Console) -> Display:
    """The display that suits the output."""
    return Bars(console) if console.is_terminal else Lines(console)


def panel(view: View, width: int, height: int) -> RenderableType:
    """The picture, fitted to the width and height of the terminal."""
    inner = min(width, 110) - _FRAME_WIDTH
    names = max(len(line.type) for line in (*view.types, view.total))
    stories = max(len(line.story) for line in view.types) if inner >= 70 else 0
    digits = 2 * len(str(view.total.planned)) + 1
    bar = max(8, inner - names - stories - digits - 3)
    grid = Table.grid(padding=(0, 1), expand=False)
    for line in view.types:
        grid.add_row(*_row(line, names, stories, digits, bar))
    grid.add_row()
    grid.add_row(*_row(view.total, names, stories, digits, bar), style="bold")
    room = max(0, min(_MAX_LINES, height - len(view.types) - 9))
    return Panel(
        Group(grid, _legend(view.total), Text(_extras(view)), Rule(style="dim"), *_lines(view, room)),
        title=f"[bold]kue demo[/] {view.place}",
        subtitle=f"{view.elapsed:.1f} s of at most {view.seconds:g}",
        box=box.ROUNDED,
        width=inner + _FRAME_WIDTH,
    )


def _row(line: Line, names: int, stories: int, digits: int, bar: int) -> list[Text]:
    done = f"{line.done}/{line.planned}"
    return [
        Text(line.type.ljust(names), style="bold", no_wrap=True),
        Text(line.story[:stories].ljust(stories), style="dim", no_wrap=True),
        stacked(line, bar),
        Text(done.rjust(digits), no_wrap=True),
    ]


def stacked(line: Line, width: int) -> Text:
    """A bar of all planned jobs, with a stretch for each state. Dots stand for jobs that are not created yet."""
    text, ended, reached = Text(no_wrap=True), 0, 0
    for state in STATES:
        reached += line.states[state]
        end = min(width, round(width * reached / max(1, line.planned)))
        text.append(_CELL * (end - ended), style=_STYLES[state])
        ended = end
    return text.append(_NOT_CREATED * (width - ended), style="dim")


def _legend(total: Line) -> Text:
    parts = [(f"{_CELL} {total.states[state]} {_NAMES[state]} ", _STYLES[state]) for state in STATES]
    return Text.assemble(*parts, (f"{_NOT_CREATED} {total.planned - total.created} to come", "dim"), no_wrap=True)


def _extras(view: View) -> str:
    settled, promises = view.promises
    return f"{view.rate:.0f} jobs a second, {view.retries} retries, {settled} of {promises} promises settled"


def _lines(view: View, room: int) -> list[Text]:
    latest = list(view.lines)[len(view.lines) - room :] if room < len(view.lines) else list(view.lines)
    shown = [Text(text, style=style, no_wrap=True, overflow="ellipsis") for style, text in latest]
    return shown + [Text("")] * (room - len(shown))
