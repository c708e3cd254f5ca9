"""Prints how the demo's jobs ended: a table that adds up, and everything that was not as expected."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kue.cli.demo.outcome import Outcome, Row

_NUMBERS = ("created", "complete", "failed", "unfinished", "retries")
_MAX_DEVIATIONS = 20


def print_summary(console: Console, outcome: Outcome, seconds: float) -> None:
    """Print the table, the sums in words, and the deviations."""
    console.print(_table(outcome))
    total = _total(outcome.rows)
    ended = f"{total.complete} complete + {total.failed} failed"
    unfinished = f" + {total.unfinished} unfinished" if total.unfinished else ""
    _print_line(console, f"{total.created} created = {ended}{unfinished}, {total.retries} retries, in {seconds:.1f} s")
    unsettled = outcome.promises - outcome.resolved - outcome.rejected
    settled = f"{outcome.resolved} resolved + {outcome.rejected} rejected"
    _print_line(console, f"{outcome.promises} promises = {settled} + {unsettled} not settled")
    if outcome.node:
        console.print(_sides(outcome))
        _print_line(console, outcome.node)
    if not outcome.deviations:
        _print_line(console, "every job ended as expected", "bold green")
        return
    _print_line(console, f"not as expected: {len(outcome.deviations)}", "bold red")
    for deviation in outcome.deviations[:_MAX_DEVIATIONS]:
        _print_line(console, f"  {deviation}", "red")
    if len(outcome.deviations) > _MAX_DEVIATIONS:
        _print_line(console, f"  and {len(outcome.deviations) - _MAX_DEVIATIONS} more", "red")


def _table(outcome: Outcome) -> Table:
    total = _total(outcome.rows)
    table = _table_of_numbers("type")
    for name in _NUMBERS:
        table.add_column(name, footer=str(getattr(total, name)), justify="right")
    for row in outcome.rows:
        table.add_row(row.type, *(str(getattr(row, name)) for name in _NUMBERS))
    return table


def _sides(outcome: Outcome) -> Table:
    """How many jobs of each type Python and Node created, and how many each ran by the worker ids in Redis."""
    total = _total(outcome.rows)
    table = _table_of_numbers("type")
    for did, counts in (("created", "made_by"), ("ran", "run_by")):
        for side, name in (("Python", "python"), ("Node", "node")):
            table.add_column(f"{side} {did}", footer=str(getattr(total, counts)[name]), justify="right")
    for row in outcome.rows:
        numbers = [counts[name] for counts in (row.made_by, row.run_by) for name in ("python", "node")]
        table.add_row(row.type, *map(str, numbers))
    return table


def _table_of_numbers(first_column: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_footer=True)
    table.add_column(first_column, footer="total", style="bold")
    return table


def _total(rows: list[Row]) -> Row:
    total = Row("total")
    for row in rows:
        for name in _NUMBERS:
            setattr(total, name, getattr(total, name) + getattr(row, name))
        total.made_by += row.made_by
        total.run_by += row.run_by
    return total


def _print_line(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style=style), soft_wrap=True)
