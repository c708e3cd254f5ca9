"""A queue that hears nothing for a while: what is published meanwhile never reaches it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import kue
from tests.helpers import wait_until


@contextmanager
def deaf(queue: Any, client: Any, errors: list[BaseException]) -> Iterator[None]:
    """The queue loses its subscription, and gets it back after the block; it reports both."""
    connections = queue.runtime.store.connections
    really, may_return = connections.open, threading.Event()

    def open_later() -> Any:
        if threading.current_thread().name == "kue-asking":
            may_return.wait(60)
        return really()

    connections.open = open_later
    try:
        assert client.client_kill_filter(_type="pubsub") == 1
        wait_until(lambda: client.pubsub_numsub("q:events")[0][1] == 0)
        yield
    finally:
        connections.open = really
        may_return.set()
    wait_until(lambda: [type(problem) for problem in errors] == [kue.ConnectionFailed, kue.ConnectionRestored])
    errors.clear()
