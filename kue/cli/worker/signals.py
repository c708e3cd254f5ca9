"""The signals of a worker: the first that asks for an end stops it gracefully, the second ends the process at once.

SIGUSR1 makes it quiet.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Self

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
QUIET = signal.SIGUSR1
# `timeout` and many process managers send one signal to a process and to its group, so that it comes twice.
ECHO_SECONDS = 0.1
_WAKE = 0  # no signal has this number
_MAX_BYTES_PER_READ = 4096


class Stopped(BaseException):
    """The first signal came in a block that it interrupts."""


def exit_at_once(number: int) -> None:
    """End this process at once, with the exit code that shells give for a signal."""
    os._exit(128 + number)


class Signals:
    """Keeps the first signal in `received`, and calls `again` for each later one. For the main thread.

    A signal handler can interrupt any line. So it only writes to a pipe and takes no lock, which the interrupted line
    may hold. With `heeds_quiet`, SIGUSR1 sets `quiet`. SIGHUP stays ignored if it was, as under nohup.
    """

    def __init__(
        self,
        again: Callable[[int], object] = exit_at_once,
        clock: Callable[[], float] = time.monotonic,
        *,
        heeds_quiet: bool = False,
    ) -> None:
        self.received: int | None = None
        self.quiet = False
        self._again = again
        self._clock = clock
        self._heeds_quiet = heeds_quiet
        self._interrupts = False
        self._first_at = 0.0
        self._pipe: tuple[int, int] = (-1, -1)
        self._former_handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._pipe = os.pipe()
        for descriptor in self._pipe:
            os.set_blocking(descriptor, False)
        handlers: dict[int, Any] = dict.fromkeys(STOPPING, self._stop)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
            del handlers[signal.SIGHUP]
        if self._heeds_quiet:
            handlers[QUIET] = self._become_quiet
        self._former_handlers = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._former_handlers.items():
            signal.signal(number, handler)
        for descriptor in self._pipe:
            os.close(descriptor)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.received is None:
            self.received, self._first_at = number, self._clock()
            self._note(number)
            if self._interrupts:
                raise Stopped
        elif self._clock() - self._first_at >= ECHO_SECONDS:
            self._again(number)

    def _become_quiet(self, number: int, frame: FrameType | None) -> None:
        self.quiet = True
        self._note(number)

    def _note(self, number: int) -> None:
        with contextlib.suppress(BlockingIOError):  # the pipe is full: it wakes anyway
            os.write(self._pipe[1], bytes([number]))

    def wait(self, timeout: float | None = None, *others: int) -> bool:
        """Wait until a signal comes, one of the other descriptors is readable, or `timeout` seconds have passed.

        Returns whether a signal that asks for an end has come, now or earlier.
        """
        if self.received is None:
            self._wait(timeout, *others)
        return self.received is not None

    def _wait(self, timeout: float | None, *others: int) -> bytes:
        """Wait, and return the numbers of the signals that came meanwhile."""
        poll = select.poll()
        for descriptor in (self._pipe[0], *others):
            poll.register(descriptor, select.POLLIN)
        poll.poll(None if timeout is None else 1000 * timeout)
        try:
            return os.read(self._pipe[0], _MAX_BYTES_PER_READ)
        except BlockingIOError:
            return b""

    def wait_for_arrival(self) -> bool:
        """Wait on another thread, in an `interrupting` block, until a signal asks for an end or `wake` is called.

        Returns whether there was a signal. The main thread may not have handled it yet, since it is in a long call.
        """
        while True:
            arrived = self._wait(None)
            if any(number in arrived and signal.getsignal(number) == self._stop for number in STOPPING):
                return True
            if _WAKE in arrived:
                return False

    def wake(self) -> None:
        """End `wait_for_arrival`."""
        self._note(_WAKE)

    @contextlib.contextmanager
    def interrupting(self) -> Iterator[None]:
        """A block in which the first signal that asks for an end raises `Stopped`, as it does if it came before."""
        # Unlike a handler, which waits for the main thread, this writes as soon as the signal arrives.
        former = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
        self._interrupts = True
        try:
            if self.received is not None:
                raise Stopped
            yield
        finally:
            self._interrupts = False
            signal.set_wakeup_fd(former)

    @property
    def exit_code(self) -> int:
        """The exit code of a command that a signal has stopped; 0 if there was no signal."""
        return 0 if self.received is None else 128 + self.received
