"""The commands and their options, as typer has them; each hands over to a module of its own."""

from __future__ import annotations

import math
from typing import Annotated

import typer

import kue
from kue.cli.console import exit_on_error, print_line
from kue.cli.demo.scenario import FEWEST_JOBS, LEAST_SECONDS
from kue.cli.doctor import doctor
from kue.cli.server import run_server
from kue.cli.worker.command import run_worker, run_workers
from kue.cli.worker.serving import Stopping

app = typer.Typer(
    name="kue",
    help="Kue, Node's Redis job queue, in Python: workers, a server to try things with, a demo.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print_line(f"kue {kue.__version__}")
        raise typer.Exit


def _finite(seconds: float) -> float:
    if not math.isfinite(seconds):
        raise typer.BadParameter(f"{seconds} is not a number of seconds.")
    return seconds


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options of kue itself."""


@app.command()
def worker(
    target: Annotated[str, typer.Argument(metavar="MODULE:QUEUE", help="Such as tasks:queue, in the current folder.")],
    processes: Annotated[int, typer.Option(min=1, max=1000, help="How many processes run the module.")] = 1,
    timeout: Annotated[int, typer.Option(min=0, help="What running jobs have at a shutdown, in milliseconds.")] = 8000,
    requeue: Annotated[bool, typer.Option("--requeue/--fail", help="What becomes of those that take longer.")] = True,
) -> None:
    """Run the jobs whose handlers a module registers, until SIGTERM or Ctrl-C."""
    stopping = Stopping(timeout / 1000, requeue)
    with exit_on_error():
        if processes == 1:
            run_worker(target, stopping)
        else:
            run_workers(target, processes, stopping)


@app.command()
def server(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port on 127.0.0.1.")] = 6379,
    dir: Annotated[str | None, typer.Option(metavar="DIR", help="Keep the data in this folder.")] = None,
) -> None:
    """Run an embedded server, for trying things with Node."""
    with exit_on_error():
        run_server(port, dir)


@app.command()
def demo(
    seconds: Annotated[
        float, typer.Option(min=LEAST_SECONDS, callback=_finite, metavar="SECONDS", help="How long it may take.")
    ] = 10,
    jobs: Annotated[int | None, typer.Option(min=FEWEST_JOBS, help="How many jobs; else what fits the time.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave server and workers up until Ctrl-C.")] = False,
    with_node: Annotated[
        bool, typer.Option("--with-node", help="Let real Kue in Node take part; the time counts from its installation.")
    ] = False,
) -> None:
    """Watch a realistic mix of jobs being run. Exit code 0 only if every one of them ended as it should."""
    from kue.cli.demo.run import Wishes, run_demo

    with exit_on_error():
        exit_code = run_demo(Wishes(seconds=seconds, jobs=jobs, keep=keep, with_node=with_node))
    raise typer.Exit(exit_code)


app.command()(doctor)


def run() -> None:
    """Read the command line and carry it out."""
    app()
