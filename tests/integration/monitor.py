"""Hears each start that Redis notes for a rate limit, however short the list is that it keeps."""

import contextlib
import re
import threading
from collections.abc import Iterator
from typing import Any

_END = "that was all"


@contextlib.contextmanager
def starts_noted(client: Any, key: str) -> Iterator[list[int]]:
    """The starts that are pushed to the list `key` in this block, in ms by the clock of Redis, in a list that grows."""
    starts: list[int] = []
    with client.monitor() as monitor:

        def listen() -> None:
            while True:
                command = monitor.next_command()["command"]
                if _END in command:
                    return
                name, _, arguments = command.partition(" ")
                if name.upper() == "LPUSH" and arguments.startswith(key):
                    starts.extend(map(int, re.findall(r"\d+", arguments.removeprefix(key))))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield starts
        finally:
            client.echo(_END)
            thread.join()
