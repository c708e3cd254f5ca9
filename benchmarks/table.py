"""Writes the results as a Markdown table that is readable in a terminal too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.results import NODE, OURS, Results, goal_of

MARKS = {True: "reached", False: "not yet", None: ""}


def figure(value: float | None) -> str:
    """A number, with as many digits as its size needs."""
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(results: Results) -> str:
    """One line for each figure, one column for each contestant, then the ratio to Node Kue and the goal."""
    others = [one for one in results.contestants if one.key not in (OURS, NODE)]
    columns = [*(one for one in results.contestants if one.key in (OURS, NODE)), *others]
    head = ["", "", columns[0].title, *(one.title for one in columns[1:2]), "ratio", "goal", ""]
    lines = [[*head, *(one.title for one in others)]]
    for row in results.rows:
        ratio = results.ratio(row)
        lines.append(
            [
                row.title,
                row.unit,
                *(figure(results.median(row, one.key)) for one in columns[:2]),
                "-" if ratio is None else f"{ratio:.2f}x",
                goal_of(row),
                MARKS[results.verdict(row)],
                *(figure(results.median(row, one.key)) for one in others),
            ]
        )
    return aligned(lines, left={0, 1, 5, 6})


def aligned(lines: Sequence[Sequence[str]], left: set[int]) -> str:
    """A Markdown table whose columns line up. Columns in `left` are aligned left, the others right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]

    def shown(line: Sequence[str]) -> str:
        cells = [
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return f"| {' | '.join(cells)} |"

    rule = [("-" * width) if i in left else ("-" * (width - 1) + ":") for i, width in enumerate(widths)]
    return "\n".join([shown(lines[0]), f"| {' | '.join(rule)} |", *(shown(line) for line in lines[1:])])


def by_command(shares: Mapping[str, Mapping[str, tuple[float, float]]]) -> str:
    """Calls and microseconds per job of every Redis command, by contestant.

    The commands inside a script count as well, so that their time is also in the time of the script.
    """
    lines = [["", "command", "calls a job", "µs a job"]]
    for contestant, commands in shares.items():
        for name, (calls, microseconds) in sorted(commands.items(), key=lambda item: -item[1][1]):
            if calls >= 0.005 or microseconds >= 0.05:
                lines.append([contestant, name, f"{calls:.2f}", f"{microseconds:.2f}"])
    return aligned(lines, left={0, 1})


def versions(found: Mapping[str, Mapping[str, str]], redis: str) -> str:
    """The versions of each contestant's packages, one line each, then the server."""
    lines = [
        f"{contestant}: " + ", ".join(f"{package} {version}" for package, version in sorted(packages.items()))
        for contestant, packages in found.items()
        if contestant != "listeners"
    ]
    return "\n".join([*lines, f"server: Redis {redis}, loopback, no persistence"])
