"""How the commands speak: plain sentences to standard output, one line of trouble to standard error."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

import typer
from rich.console import Console
from rich.text import Text

from kue.errors import KueError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class CommandError(Exception):
    """One line for the user, and the exit code: 2 if the command was given wrongly, 1 if it went wrong."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


def print_line(line: str, style: str = "") -> None:
    """One line to standard output, at once, never wrapped. Where nobody reads any more, the work goes on silently."""
    try:
        out.print(Text(line, style=style), soft_wrap=True)
    except (BrokenPipeError, SystemExit):  # newer versions of rich make the second of the first
        out.quiet = True
        # What is still in the buffer is not worth an error when the interpreter flushes it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_error(line: str) -> None:
    """One line to standard error."""
    err.print(Text.assemble(("kue: ", "bold red"), line), soft_wrap=True)


@contextlib.contextmanager
def exit_on_error() -> Iterator[None]:
    """Turns what kue raises into one line and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot show a character gets a question mark, not a traceback.
            stream.reconfigure(errors="replace")
    try:
        yield
    except CommandError as problem:
        print_error(str(problem))
        raise typer.Exit(problem.code) from None
    except KueError as problem:
        print_error(str(problem))
        raise typer.Exit(1) from None
