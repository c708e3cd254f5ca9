"""`kue worker`: serve what a module registers until a signal, then stop gracefully; in this process or in several."""

from __future__ import annotations

import os

import kue
from kue.cli.console import CommandError, print_line
from kue.cli.worker.locate import find_queue
from kue.cli.worker.serving import AT_ONCE, Serving, Stopping, running_jobs, stop_all
from kue.cli.worker.signals import Signals
from kue.cli.worker.supervisor import Supervisor

_LOOK_SECONDS = 0.5


def run_worker(target: str, stopping: Stopping) -> None:
    """Serve until SIGTERM or SIGINT, or until the application itself shuts the queue down. Raises `CommandError`."""
    # Handlers take jobs while the module is still being imported: the signals come first.
    with Signals() as signals:
        try:
            queue = find_queue(target)
        except CommandError:
            stop_all(AT_ONCE)
            raise
        serving = Serving.of(queue)
        print_line(f"kue {kue.__version__} worker, pid {serving.pid}", style="bold")
        print_line(f"serves {serving.slots} on {serving.place}")
        print_line(f"Ctrl-C or SIGTERM stops it: {stopping}", style="dim")
        while not signals.wait(_LOOK_SECONDS) and not queue.is_shut_down:
            pass
        _say_stopping(f"{running_jobs()} running", stopping)
        stop_all(stopping)
        print_line("stopped")


def run_workers(target: str, processes: int, stopping: Stopping) -> None:
    """The same in several processes, which this one supervises. Raises `CommandError`."""
    supervisor = Supervisor(target, processes, stopping, print_line)
    with Signals(again=supervisor.leave) as signals:
        print_line(
            f"kue {kue.__version__} worker, supervisor of {processes} processes, pid {os.getpid()}", style="bold"
        )
        print_line(f"Ctrl-C or SIGTERM stops them: {stopping}", style="dim")
        try:
            while not signals.wait(0):
                supervisor.tend(signals, _LOOK_SECONDS)
            _say_stopping(f"{processes} processes", stopping)
        except CommandError:
            supervisor.stop()
            raise
        if not supervisor.stop():
            raise CommandError("not every process stopped gracefully", 1)
        print_line("stopped")


def _say_stopping(what: str, stopping: Stopping) -> None:
    print_line(f"stopping: {what}, {stopping}; a second signal leaves at once")
