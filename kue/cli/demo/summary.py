"""Prints what became of the demo's jobs: a table that adds up, and whatever was not as expected."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kue.cli.demo.outcome import Row, Verdict

_NUMBERS = ("created", "complete", "failed", "unfinished", "retries")
_MOST_DEVIATIONS = 20


def print_summary(console: Console, verdict: Verdict, seconds: float) -> None:
    """The table, the sums in words, and the deviations."""
    console.print(_table(verdict))
    total = _total(verdict.rows)
    ended = f"{total.complete} complete + {total.failed} failed"
    unfinished = f" + {total.unfinished} unfinished" if total.unfinished else ""
    _print_line(console, f"{total.created} created = {ended}{unfinished}, {total.retries} retries, in {seconds:.1f} s")
    settled = verdict.resolved + verdict.rejected
    outcomes = f"{verdict.resolved} resolved + {verdict.rejected} rejected"
    _print_line(console, f"{verdict.promises} promises = {outcomes} + {verdict.promises - settled} not settled")
    if verdict.node:
        console.print(_parties(verdict))
        _print_line(console, verdict.node)
    if not verdict.deviations:
        _print_line(console, "every job ended as expected", "bold green")
        return
    _print_line(console, f"not as expected: {len(verdict.deviations)}", "bold red")
    for deviation in verdict.deviations[:_MOST_DEVIATIONS]:
        _print_line(console, f"  {deviation}", "red")
    if len(verdict.deviations) > _MOST_DEVIATIONS:
        _print_line(console, f"  and {len(verdict.deviations) - _MOST_DEVIATIONS} more", "red")


def _table(verdict: Verdict) -> Table:
    total = _total(verdict.rows)
    table = _numbers("type")
    for name in _NUMBERS:
        table.add_column(name, footer=str(getattr(total, name)), justify="right")
    for row in verdict.rows:
        table.add_row(row.type, *(str(getattr(row, name)) for name in _NUMBERS))
    return table


def _parties(verdict: Verdict) -> Table:
    """Who created and who ran what, by the worker ids in Redis."""
    total = _total(verdict.rows)
    table = _numbers("type")
    for did, who in (("created", "made_by"), ("ran", "run_by")):
        for party, name in (("Python", "python"), ("Node", "node")):
            table.add_column(f"{party} {did}", footer=str(getattr(total, who)[name]), justify="right")
    for row in verdict.rows:
        table.add_row(row.type, *(str(who[name]) for who in (row.made_by, row.run_by) for name in ("python", "node")))
    return table


def _numbers(first: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_footer=True)
    table.add_column(first, footer="together", style="bold")
    return table


def _total(rows: list[Row]) -> Row:
    total = Row("together")
    for row in rows:
        for name in _NUMBERS:
            setattr(total, name, getattr(total, name) + getattr(row, name))
        total.made_by += row.made_by
        total.run_by += row.run_by
    return total


def _print_line(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style=style), soft_wrap=True)
