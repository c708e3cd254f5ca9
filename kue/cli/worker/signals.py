"""SIGTERM and SIGINT: the first asks for a graceful stop, the second leaves at once."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

STOPPING = (signal.SIGTERM, signal.SIGINT)
# `timeout` and many process managers send a signal to a process and to its group: it comes twice, and is meant once.
ECHO_SECONDS = 0.1


def leave_at_once(number: int) -> None:
    """End this process here and now, with the exit code that shells give to a signal."""
    os._exit(128 + number)


class Signals:
    """Notes the first signal, in `received`, and calls `again` for each further one. For the main thread.

    A handler may interrupt any line, so it only writes to a pipe: a lock that it took might be held by that very line.
    """

    def __init__(
        self, again: Callable[[int], object] = leave_at_once, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.received: int | None = None
        self._again = again
        self._clock = clock
        self._first_at = 0.0
        self._pipe: tuple[int, int] = (-1, -1)
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._pipe = os.pipe()
        os.set_blocking(self._pipe[1], False)
        self._before = {number: signal.signal(number, self._handle) for number in STOPPING}
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
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
        """Wait for a signal, for one of other descriptors to be readable, or for the time to pass.

        Returns whether there was a signal, now or earlier.
        """
        poll = select.poll()
        for descriptor in (self._pipe[0], *others):
            poll.register(descriptor, select.POLLIN)
        poll.poll(None if timeout is None else 1000 * timeout)
        return self.received is not None

    @property
    def exit_code(self) -> int:
        """What a command that a signal cut short exits with."""
        return 0 if self.received is None else 128 + self.received
