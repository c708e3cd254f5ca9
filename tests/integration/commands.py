"""What clients ask of a server while a block runs."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis

START, END = "the block begins", "the block is over"


@contextmanager
def commands(client: "redis.Redis") -> Iterator[list[str]]:
    """The names of the commands that arrived in the block, known once it is over; what scripts call does not count."""
    names: list[str] = []
    with client.monitor() as monitor:
        client.echo(START)
        while monitor.next_command()["command"] != f"ECHO {START}":
            pass  # the test's own connection
        yield names
        client.echo(END)
        while (seen := monitor.next_command())["command"] != f"ECHO {END}":
            if seen["client_type"] != "lua":
                names.append(seen["command"].partition(" ")[0])
