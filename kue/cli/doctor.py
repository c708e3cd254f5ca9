"""`kue doctor`: prints what is inconsistent under a prefix, and repairs it if asked to."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from kue.cli.console import CommandError, exit_on_error, print_error, print_line
from kue.cli.options import Prefix, RedisUrl
from kue.doctor import Repaired, Report, examination, examine, repair
from kue.doctor.findings import shown
from kue.doctor.repairer import GRACE as REPAIR_GRACE
from kue.errors import KueError
from kue.queue.queue import Queue

EXIT_FINDINGS, EXIT_ERROR = 1, 2
# One repair can show the next problem: a job that gets its state back may turn out to belong to a dead worker.
_MAX_ROUNDS = 5
_MAX_PREFIXES_NAMED = 10
_MS_PER_UNIT = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def duration(text: str) -> int:
    """Read a duration such as `90s`, `1.5h` or `2d` as milliseconds. A bare number is milliseconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|[smhd]|)", text.strip())
    if not match:
        raise typer.BadParameter(f"{text!r} is not a duration such as 500ms, 90s, 10m, 1h or 2d")
    return round(float(match[1]) * _MS_PER_UNIT[match[2] or "ms"])


def doctor(
    redis: RedisUrl = None,
    prefix: Prefix = "q",
    fix: Annotated[bool, typer.Option("--fix", help="Repair what is found.")] = False,
    requeue_active_older_than: Annotated[
        int | None,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            help="Report active jobs that Node has not touched for this long. With --fix they go back to their queue.",
        ),
    ] = None,
    grace: Annotated[
        int | None,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            help="How long a problem must last to be reported (2s without this option), and to be repaired if a "
            "process may be half-way through its work (60s without this option).",
        ),
    ] = None,
) -> None:
    """Find what is inconsistent in Redis, and repair it with --fix.

    Exit code 0: nothing is wrong, or all was repaired; 1: something is wrong; 2: an error.
    """
    with exit_on_error():
        try:
            with Queue(redis=redis, prefix=prefix) as queue:
                clean = DoctorCommand(queue, requeue_active_older_than, grace).run(fix=fix)
        except KueError as problem:
            raise CommandError(str(problem), EXIT_ERROR) from problem
    raise typer.Exit(0 if clean else EXIT_FINDINGS)


class DoctorCommand:
    """Examines a queue once. To repair, it examines and repairs in rounds until nothing is left to repair."""

    def __init__(self, queue: Queue, older_than: int | None, grace: int | None) -> None:
        self._queue = queue
        self._older_than = older_than
        self._grace = grace

    def run(self, *, fix: bool) -> bool:
        """Print what is found and done. Returns whether nothing is wrong in the end."""
        before: Report | None = None
        rounds = 0
        while True:
            report = self._examine()
            if before is None:
                _print_processes(report)
                _print_other_prefixes(report)
            if report.is_clean:
                self._print_clean(report, repaired=before is not None)
                return True
            unchanged = before is not None and report.findings == before.findings
            if not fix or unchanged or rounds == _MAX_ROUNDS:
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
        transient = sum(finding.transient for finding in report.findings)
        if transient and grace > examination.GRACE:
            print_line(
                f"{_count(transient, 'finding')} may come from a process that is half-way through its work: "
                f"--fix waits until they have lasted {grace / 1000:g} s"
            )
        repair(self._queue, report, grace=grace, tell=_print_repaired)

    def _print_clean(self, report: Report, *, repaired: bool) -> None:
        read = f"{_count(report.jobs, 'job')} of {_count(len(report.types), 'type')}"
        state = "all repaired" if repaired else "nothing wrong"
        print_line(f"{read} under {self._queue.options.prefix}: {state}", style="green")

    def _print_findings(self, report: Report) -> None:
        for finding in report.findings:
            print_line(str(finding))
        many = _count(len(report.findings), "finding")
        if report.is_blocked:
            print_line(f"{many}; nothing else can be checked before this is fixed", style="bold")
        else:
            more = ", and perhaps more" if report.is_full else ""
            print_line(f"{many} among {_count(report.jobs, 'job')}{more}", style="bold")


def _print_processes(report: Report) -> None:
    if report.versions:
        counts = [f"{_count(number, 'process', 'es')} of kue {version}" for version, number in report.versions.items()]
        print_line(f"working: {', '.join(counts)}")
    if report.newer:
        print_line(
            f"left alone, since a newer release of kue runs them: the jobs and leases of {', '.join(report.newer)}; "
            "use the doctor of that release, too"
        )


def _print_other_prefixes(report: Report) -> None:
    if report.other_prefixes:
        named = [shown(prefix) for prefix in report.other_prefixes[:_MAX_PREFIXES_NAMED]]
        more = len(report.other_prefixes) - len(named)
        rest = f" and {_count(more, 'other')}" if more else ""
        print_line(f"there are jobs under {', '.join(named)}{rest}: name a prefix with --prefix")


def _print_repaired(repaired: Repaired) -> None:
    if repaired.problem:
        print_error(f"{repaired.finding}: {repaired.problem}")
    else:
        print_line(f"{repaired.finding}: {repaired.done or 'left alone, since it is no longer so'}")


def _count(number: int, what: str, ending: str = "s") -> str:
    return f"{number:,} {what}{'' if number == 1 else ending}"
