"""`kue worker`: serves the handlers of a module until a signal comes, then stops gracefully.

It does so in this process, or supervises several processes that do.
"""

from __future__ import annotations

import os

import kue
from kue.cli.console import CommandError, print_line
from kue.cli.worker.importing import imported
from kue.cli.worker.logs import LogOptions
from kue.cli.worker.serving import Serving, Stopping, become_quiet, running_jobs, stop_all
from kue.cli.worker.signals import Signals, Stopped
from kue.cli.worker.supervisor import Supervisor

_CHECK_EVERY_SECONDS = 0.5


def run_worker(target: str, stopping: Stopping, logs: LogOptions) -> None:
    """Serve until a signal, or until the application itself shuts the queue down. Raises `CommandError`."""
    with Signals(heeds_quiet=True) as signals:
        try:
            with imported(target, signals) as queue:
                logs.set_up()
                serving = Serving.of(queue)
                print_line(f"kue {kue.__version__} worker, pid {serving.pid}", style="bold")
                print_line(f"serves {serving.slots} on {serving.location}")
                print_line(f"Ctrl-C or SIGTERM stops it: {stopping}", style="dim")
                _heed_quiet(signals)
        except Stopped:
            print_line("stopped during the import")
            return
        while not signals.wait(_CHECK_EVERY_SECONDS) and not queue.is_shut_down:
            _heed_quiet(signals)
        _print_stopping(f"{running_jobs()} running", stopping)
        stop_all(stopping)
        print_line("stopped")


def _heed_quiet(signals: Signals) -> None:
    if signals.quiet and become_quiet():
        print_line(f"quiet: takes no more jobs; {running_jobs()} running")


def run_workers(target: str, processes: int, stopping: Stopping, logs: LogOptions) -> None:
    """Serve in several processes, which this one supervises. Raises `CommandError` also if one did not stop well."""
    supervisor = Supervisor(target, processes, stopping, print_line, logs=logs)
    with Signals(again=supervisor.kill_all_and_exit, heeds_quiet=True) as signals:
        print_line(
            f"kue {kue.__version__} worker, supervisor of {processes} processes, pid {os.getpid()}", style="bold"
        )
        print_line(f"Ctrl-C or SIGTERM stops them: {stopping}", style="dim")
        try:
            while not signals.wait(0):
                if signals.quiet and supervisor.become_quiet():
                    print_line(f"quiet: {processes} processes take no more jobs")
                supervisor.run_once(signals, _CHECK_EVERY_SECONDS)
            _print_stopping(f"{processes} processes", stopping)
        except CommandError:
            supervisor.stop()
            raise
        if not supervisor.stop():
            raise CommandError("not every process stopped gracefully", 1)
        print_line("stopped")


def _print_stopping(what: str, stopping: Stopping) -> None:
    print_line(f"stopping: {what}, {stopping}; a second signal leaves at once")
