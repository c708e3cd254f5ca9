"""Runs `kue demo` from beginning to end.

- starts the server and maybe a dashboard, and installs real Kue if Node takes part
- runs the stage and shows it
- prints the summary, and decides the exit code
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import kue
from kue.cli.console import CommandError, out, print_line
from kue.cli.demo.dashboard import check_extra, dashboard_of
from kue.cli.demo.display import display_for
from kue.cli.demo.encore import Encore
from kue.cli.demo.node import KUE, installed
from kue.cli.demo.plan import Part, plan_jobs
from kue.cli.demo.scenario import JOBS_PER_SECOND, MAX_DEFAULT_JOBS, Scenario
from kue.cli.demo.stage import Stage
from kue.cli.demo.summary import print_summary
from kue.cli.worker.signals import Signals
from kue.connection.address import resolve
from kue.connection.embedded import EmbeddedServer

# The last part of the time, for the summary and for stopping.
_STOP_SECONDS = 1.0


@dataclass(frozen=True)
class DemoOptions:
    """The options of `kue demo`. If `jobs` is None, there are as many as fit the time.

    With a `dashboard`, server and workers stay up as with `keep`, and new jobs come until the end.
    """

    seconds: float = 10.0
    jobs: int | None = None
    keep: bool = False
    with_node: bool = False
    dashboard: bool = False


def run_demo(options: DemoOptions, scenario: Scenario | None = None) -> int:
    """Run the demo. Returns the exit code: 0 if every job ended as expected, else 1; 128 + its number after a signal.

    Raises `CommandError` if the demo cannot run at all.
    """
    if options.dashboard:
        check_extra()
    scenario = Scenario() if scenario is None else scenario
    parts = scenario.parts + (scenario.node_parts if options.with_node else ())
    jobs = options.jobs or min(MAX_DEFAULT_JOBS, int(JOBS_PER_SECOND * options.seconds))
    with Signals() as signals, ExitStack() as stack:
        folder = None
        if options.with_node:
            print_line(f"installing {KUE} in a temporary folder ...", "dim")
            folder = stack.enter_context(installed(signals))
            if signals.received:
                return signals.exit_code
        began = time.monotonic()
        deadline = began + options.seconds - _STOP_SECONDS
        # Node's Kue cannot use a socket.
        server = stack.enter_context(EmbeddedServer(port=0 if options.with_node else None))
        what = f"{jobs} jobs of {len(parts)} types in at most {options.seconds:g} s, on {resolve(server.url)}"
        print_line(f"kue {kue.__version__} demo: {what}", "bold")
        address = ""
        if options.dashboard:
            address = stack.enter_context(dashboard_of(server.url, signals))
            if signals.received:
                return signals.exit_code
            print_line(f"its dashboard is at {address}", "bold")
            began = time.monotonic()
            deadline = began + options.seconds - _STOP_SECONDS
        stage = stack.enter_context(
            Stage(server.url, scenario, parts, lambda left: plan_jobs(parts, left, jobs, scenario.processes), folder)
        )
        try:
            with display_for(out) as display:
                stage.run(signals, display, began, options.seconds, deadline)
        except CommandError as problem:
            raise CommandError(f"the demo stopped early: {problem}", 1) from problem
        elapsed = time.monotonic() - began
        if signals.received:
            print_line("interrupted", "bold red")
            return signals.exit_code
        outcome = stage.outcome(signals, deadline)
        print_summary(out, outcome, elapsed)
        if options.dashboard:
            print_line(f"new jobs come, and {address} shows them, until Ctrl-C", "bold")
            _go_on(server.url, parts, stage, signals)
        elif options.keep:
            print_line(f"server and workers stay up at {server.url}, until Ctrl-C", "bold")
            while not signals.received:
                stage.check_processes(signals)
    return 1 if outcome.deviations else 0


def _go_on(url: str, parts: Sequence[Part], stage: Stage, signals: Signals) -> None:
    """Create new jobs until a signal comes."""
    with Encore(url, parts) as encore:
        began = time.monotonic()
        while not signals.received:
            stage.check_processes(signals)
            encore.create_due(time.monotonic() - began)
