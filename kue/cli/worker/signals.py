"""SIGTERM and SIGINT: the first signal asks for a graceful stop, the second ends the process at once."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

STOPPING = (signal.SIGTERM, signal.SIGINT)
# `timeout` and many process managers send one signal to a process and to its group, so that it comes twice.
ECHO_SECONDS = 0.1


def exit_at_once(number: int) -> None:
    """End this process at once, with the exit code that shells give for a signal."""
    os._exit(128 + number)


class Signals:
    """Keeps the first signal in `received`, and calls `again` for each later one. For the main thread.

    A signal handler can interrupt any line. So it only writes to a pipe and takes no lock, which the interrupted line
    may hold.
    """

    def __init__(
        self, again: Callable[[int], object] = exit_at_once, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.received: int | None = None
        self._again = again
        self._clock = clock
        self._first_at = 0.0
        self._pipe: tuple[int, int] = (-1, -1)
        self._former_handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._pipe = os.pipe()
        os.set_blocking(self._pipe[1], False)
        self._former_handlers = {number: signal.signal(number, self._handle) for number in STOPPING}
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._former_handlers.items():
            signal.signal(number, handler)
        for descriptor in self._pipe:
            os.close(descriptor)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received is None:
            self.received, self._first_at = number, self._clock()
            os.write(self._pipe[1], b"!")
        elif self._clock() - self._first_at >= ECHO_SECONDS:
            self._again(number)

    def wait(self, timeout: float | None = None, *others: int) -> bool:
        """Wait until a signal comes, one of the other descriptors is readable, or `timeout` seconds have passed.

        Returns whether a signal has come, now or earlier.
        """
        poll = select.poll()
        for descriptor in (self._pipe[0], *others):
            poll.register(descriptor, select.POLLIN)
        poll.poll(None if timeout is None else 1000 * timeout)
        return self.received is not None

    @property
    def exit_code(self) -> int:
        """The exit code of a command that a signal has stopped; 0 if there was no signal."""
        return 0 if self.received is None else 128 + self.received
