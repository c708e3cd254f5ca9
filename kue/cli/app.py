"""Declares the commands and their options for typer. Each command calls a module of its own."""

from __future__ import annotations

import math
from typing import Annotated

import typer

import kue
from kue.cli.console import exit_on_error, print_line
from kue.cli.dashboard import dashboard
from kue.cli.demo.scenario import MIN_JOBS, MIN_SECONDS
from kue.cli.doctor import doctor
from kue.cli.reindex import reindex
from kue.cli.server import run_server
from kue.cli.worker.command import run_worker, run_workers
from kue.cli.worker.logs import LogFormat, LogLevel, LogOptions
from kue.cli.worker.serving import Stopping

app = typer.Typer(
    name="kue",
    help="Kue, Node's Redis job queue, in Python. kue worker runs jobs, kue dashboard shows them in a browser, "
    "kue doctor checks and repairs the data in Redis, kue reindex builds the full-text index anew, "
    "kue server and kue demo are for trying it out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        print_line(f"kue {kue.__version__}")
        raise typer.Exit


def _finite(seconds: float) -> float:
    if not math.isfinite(seconds):
        raise typer.BadParameter(f"{seconds} is not a finite number of seconds.")
    return seconds


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options of kue itself."""


@app.command()
def worker(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:QUEUE", help="A module and the queue in it, such as tasks:queue for ./tasks.py."
        ),
    ],
    processes: Annotated[int, typer.Option(min=1, max=1000, help="How many processes run the module.")] = 1,
    timeout: Annotated[
        int, typer.Option(min=0, help="How long a shutdown waits for running jobs, in milliseconds.")
    ] = 8000,
    requeue: Annotated[
        bool, typer.Option("--requeue/--fail", help="Whether jobs that take longer go back to their queue, or fail.")
    ] = True,
    log_level: Annotated[
        LogLevel,
        typer.Option(case_sensitive=False, help="The lowest level that is logged, if the module sets up no logging."),
    ] = LogLevel.warning,
    log_format: Annotated[
        LogFormat, typer.Option(case_sensitive=False, help="Lines of text, or a line of JSON a record.")
    ] = LogFormat.text,
) -> None:
    """Run jobs with the handlers that a module registers, until SIGTERM or Ctrl-C."""
    logs = LogOptions(log_level, log_format)
    stopping = Stopping(timeout / 1000, requeue)
    with exit_on_error():
        if processes == 1:
            run_worker(target, stopping, logs)
        else:
            run_workers(target, processes, stopping, logs)


@app.command()
def server(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port on 127.0.0.1.")] = 6379,
    dir: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Keep the data in this folder. Without it the data is lost at the end."),
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(
            envvar="KUE_SERVER_PASSWORD",
            metavar="TEXT",
            help="The password of the server. Without it, a random one. Other users can see it on the command line, "
            "but not in the environment.",
        ),
    ] = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Let every user of this machine use the server.")
    ] = False,
) -> None:
    """Run an embedded server in place of Redis, to try things with Node, until SIGTERM or Ctrl-C."""
    if password == "" or (password and no_password):
        raise typer.BadParameter("give either a password or --no-password")
    with exit_on_error():
        run_server(port, dir, "" if no_password else password)


@app.command()
def demo(
    seconds: Annotated[
        float,
        typer.Option(min=MIN_SECONDS, callback=_finite, metavar="SECONDS", help="How long the demo may take."),
    ] = 10,
    jobs: Annotated[
        int | None, typer.Option(min=MIN_JOBS, help="How many jobs to run. Without it, as many as fit the time.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the server and the workers running until Ctrl-C.")] = False,
    with_node: Annotated[
        bool,
        typer.Option("--with-node", help="Let real Kue in Node take part. The time starts once it is installed."),
    ] = False,
    dashboard: Annotated[
        bool,
        typer.Option(
            "--dashboard", help="Serve the dashboard and print its address. New jobs come until Ctrl-C, as with --keep."
        ),
    ] = False,
) -> None:
    """Run a realistic mix of jobs, and show them as they run. Exit code 0 only if every job ended as expected."""
    from kue.cli.demo.run import DemoOptions, run_demo

    with exit_on_error():
        exit_code = run_demo(DemoOptions(seconds, jobs, keep=keep, with_node=with_node, dashboard=dashboard))
    raise typer.Exit(exit_code)


app.command()(doctor)
app.command()(reindex)
app.command()(dashboard)


def run(arguments: list[str]) -> None:
    """Read a command line and run its command."""
    app(arguments)
