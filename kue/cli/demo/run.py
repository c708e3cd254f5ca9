"""`kue demo` from beginning to end: server, stage, show, summary, exit code."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass

import kue
from kue.cli.console import CommandError, out, print_line
from kue.cli.demo.display import display_for
from kue.cli.demo.node import KUE, installed
from kue.cli.demo.plan import plan_jobs
from kue.cli.demo.scenario import JOBS_PER_SECOND, MOST_JOBS_BY_ITSELF, Scenario
from kue.cli.demo.stage import Stage
from kue.cli.demo.summary import print_summary
from kue.cli.worker.signals import Signals
from kue.connection.embedded import EmbeddedServer

# The end of the time that is kept for the summary and for stopping.
_TO_STOP = 1.0


@dataclass(frozen=True)
class Wishes:
    """The options of `kue demo`; `jobs` None: as many as fit."""

    seconds: float = 10.0
    jobs: int | None = None
    keep: bool = False
    with_node: bool = False


def run_demo(wishes: Wishes, scenario: Scenario | None = None) -> int:
    """The exit code: 0 where every job ended as expected, 1 where not, 128 + the number of a signal that cut it short.

    Raises `CommandError` where the demo cannot run at all.
    """
    scenario = Scenario() if scenario is None else scenario
    parts = scenario.parts + (scenario.node_parts if wishes.with_node else ())
    jobs = wishes.jobs or min(MOST_JOBS_BY_ITSELF, int(JOBS_PER_SECOND * wishes.seconds))
    with Signals() as signals, ExitStack() as stack:
        folder = None
        if wishes.with_node:
            print_line(f"installing {KUE} in a temporary folder ...", "dim")
            folder = stack.enter_context(installed(signals))
            if signals.received:
                return signals.exit_code
        began = time.monotonic()
        server = stack.enter_context(EmbeddedServer())
        what = f"{jobs} jobs of {len(parts)} types in at most {wishes.seconds:g} s, on {server.url}"
        print_line(f"kue {kue.__version__} demo: {what}", "bold")
        stage = stack.enter_context(
            Stage(server.url, scenario, parts, lambda left: plan_jobs(parts, left, jobs, scenario.processes), folder)
        )
        try:
            with display_for(out) as display:
                stage.run(signals, display, began, wishes.seconds, began + wishes.seconds - _TO_STOP)
        except CommandError as problem:
            raise CommandError(f"the demo broke off: {problem}", 1) from problem
        elapsed = time.monotonic() - began
        if signals.received:
            print_line("interrupted", "bold red")
            return signals.exit_code
        verdict = stage.verdict(signals)
        print_summary(out, verdict, elapsed)
        if wishes.keep:
            print_line(f"server and workers stay up at {server.url}, until Ctrl-C", "bold")
            while not signals.received:
                stage.tend(signals)
    return 1 if verdict.deviations else 0
