"""Output of the commands: lines to standard output, and for an error one line to standard error and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from io import TextIOWrapper

import typer
from rich.console import Console
from rich.text import Text

from kue.errors import KueError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class CommandError(Exception):
    """An error as one line for the user, with the exit code: 2 if the command line is wrong, 1 for all else.

    `details` are lines to print before it, such as a traceback.
    """

    def __init__(self, message: str, code: int = 2, *, details: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.details = details


def print_line(line: str, style: str = "") -> None:
    """Print one line to standard output at once, unwrapped. If the reader has closed the pipe, go on silently."""
    try:
        out.print(Text(line, style=style), soft_wrap=True)
    except (BrokenPipeError, SystemExit):  # newer versions of rich turn BrokenPipeError into SystemExit
        out.quiet = True
        # Without this the interpreter raises once more when it flushes the buffer at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_error(line: str) -> None:
    """Print one line to standard error, after the name of the command."""
    err.print(Text.assemble(("kue: ", "bold red"), line), soft_wrap=True)


@contextlib.contextmanager
def exit_on_error() -> Iterator[None]:
    """Turn an error that kue raises inside into one line and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # If a terminal cannot show a character, it gets a question mark instead of a traceback.
            stream.reconfigure(errors="replace")
    try:
        yield
    except CommandError as problem:
        if problem.details:
            err.print(Text(problem.details), soft_wrap=True)
        print_error(str(problem))
        raise typer.Exit(problem.code) from None
    except KueError as problem:
        print_error(str(problem))
        raise typer.Exit(1) from None
