"""`kue doctor`: says what is inconsistent under a prefix, and mends it where asked to."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from kue.cli.console import CommandError, exit_on_error, print_error, print_line
from kue.doctor import Repaired, Report, examination, examine, repair
from kue.doctor.repairer import GRACE as REPAIR_GRACE
from kue.errors import KueError
from kue.queue.queue import Queue

FINDINGS, TROUBLE = 1, 2
# Mending one thing can bring another to light: a job that gets its state back may turn out to be a dead worker's.
_MOST_ROUNDS = 5
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def duration(text: str) -> int:
    """Milliseconds: `90s`, `1.5h`, `2d`, or a bare number of them."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|[smhd]|)", text.strip())
    if not match:
        raise typer.BadParameter(f"{text!r} is no duration such as 500ms, 90s, 10m, 1h or 2d")
    return round(float(match[1]) * _UNITS[match[2] or "ms"])


def doctor(
    redis: Annotated[str | None, typer.Option(metavar="URL", help="Else KUE_REDIS_URL, else this machine.")] = None,
    prefix: Annotated[str, typer.Option(help="The prefix of the queue.")] = "q",
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is found.")] = False,
    requeue_active_older_than: Annotated[
        int | None,
        typer.Option(
            parser=duration, metavar="DURATION", help="Active jobs that Node has not touched for so long are lost."
        ),
    ] = None,
    grace: Annotated[
        int | None,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            help="How long a thing must have stood to be reported (else 2s), and to be mended where a living process "
            "may be half-way through it (else 60s).",
        ),
    ] = None,
) -> None:
    """Find what is inconsistent in Redis. Exit code 0: nothing is, or all was mended; 1: something is; 2: trouble."""
    with exit_on_error():
        try:
            with Queue(redis=redis, prefix=prefix) as queue:
                clean = Visit(queue, requeue_active_older_than, grace).run(fix=fix)
        except KueError as problem:
            raise CommandError(str(problem), TROUBLE) from problem
    raise typer.Exit(0 if clean else FINDINGS)


class Visit:
    """One look, or, where things are to be mended, rounds of looking and mending until nothing is left to mend."""

    def __init__(self, queue: Queue, older_than: int | None, grace: int | None) -> None:
        self._queue = queue
        self._older_than = older_than
        self._grace = grace

    def run(self, *, fix: bool) -> bool:
        """Whether nothing is wrong in the end."""
        before: Report | None = None
        rounds = 0
        while True:
            report = self._examine()
            if report.is_clean:
                self._print_clean(report, mended=before is not None)
                return True
            same = before is not None and report.findings == before.findings
            if not fix or same or rounds == _MOST_ROUNDS:
                self._print_findings(report)
                return False
            self._repair(report)
            before = report
            rounds += not report.is_full

    def _examine(self) -> Report:
        grace = examination.GRACE if self._grace is None else self._grace
        return examine(self._queue, grace=grace, requeue_active_older_than=self._older_than)

    def _repair(self, report: Report) -> None:
        grace = REPAIR_GRACE if self._grace is None else self._grace
        later = sum(finding.transient for finding in report.findings)
        if later and grace > examination.GRACE:
            print_line(
                f"{_count(later, 'finding')} may be a process half-way through its work: {grace / 1000:g} s will tell"
            )
        repair(self._queue, report, grace=grace, tell=_print_repaired)

    def _print_clean(self, report: Report, *, mended: bool) -> None:
        read = f"{_count(report.jobs, 'job')} of {_count(len(report.types), 'type')}"
        print_line(
            f"{read} under {self._queue.options.prefix}: {'all mended' if mended else 'nothing wrong'}", style="green"
        )

    def _print_findings(self, report: Report) -> None:
        for finding in report.findings:
            print_line(str(finding))
        many = _count(len(report.findings), "finding")
        if report.is_blocked:
            print_line(f"{many}; nothing else is looked at before that is mended", style="bold")
        else:
            more = ", and perhaps more" if report.is_full else ""
            print_line(f"{many} among {_count(report.jobs, 'job')}{more}", style="bold")


def _print_repaired(repaired: Repaired) -> None:
    if repaired.problem:
        print_error(f"{repaired.finding}: {repaired.problem}")
    else:
        print_line(f"{repaired.finding}: {repaired.done or 'left alone, it is not so any more'}")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
