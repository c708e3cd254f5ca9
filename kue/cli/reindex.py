"""`kue reindex`: builds the full-text index of a queue anew."""

from __future__ import annotations

from kue.cli.console import CommandError, exit_on_error, print_line
from kue.cli.options import Prefix, RedisUrl
from kue.errors import KueError
from kue.queue.queue import Queue

_EXIT_ERROR = 2


def reindex(
    redis: RedisUrl = None,
    prefix: Prefix = "q",
) -> None:
    """Build the full-text index anew from the data of all jobs. Workers may go on meanwhile.

    Exit code 0: done; 2: an error.
    """
    with exit_on_error():
        try:
            with Queue(redis=redis, prefix=prefix) as queue:
                count = queue.reindex()
        except KueError as problem:
            raise CommandError(str(problem), _EXIT_ERROR) from problem
        print_line(f"{count:,} {'job' if count == 1 else 'jobs'} under {prefix}: indexed anew", style="green")
