"""Polls for a reply for some microseconds before its thread blocks.

Blocking and waking a thread takes longer than a local Redis takes to reply to most commands. If cores are free, a round
trip takes a third of the time with polling, and no more processor time.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable

_MAX_POLL_SECONDS = 200e-6  # after that the thread blocks
_MAX_GAP_SECONDS = 30e-6  # between two polls: if it takes longer, other threads want the processor or the interpreter
_MAX_SKIPPED_WAITS = 256
_poll_lock = threading.Lock()  # only one thread polls: several would take the interpreter from each other


class SpinWait:
    """For the replies on one socket. If they are late, or other threads want the processor, it polls less and less."""

    def __init__(self, sock: socket.socket, clock: Callable[[], float] = time.perf_counter) -> None:
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._clock = clock
        self._late = 0  # the number of late replies in a row
        self._to_skip = 0
        self._is_useful = type(sock) is socket.socket and _cores() > 1  # TLS may hold bytes that a poll does not report

    @property
    def is_readable(self) -> bool:
        """Whether there is something to read now, or the connection has ended."""
        return bool(self._poll.poll(0))

    def wait(self) -> None:
        """Return when there is something to read, or when polling longer is not worth it."""
        if not self._is_useful:
            return
        if self._to_skip:
            self._to_skip -= 1
            return
        if not _poll_lock.acquire(blocking=False):
            return
        try:
            self._late = 0 if self._is_readable_soon() else self._late + 1
            self._to_skip = min(2**self._late - 1, _MAX_SKIPPED_WAITS)
        finally:
            _poll_lock.release()

    def _is_readable_soon(self) -> bool:
        now = began = self._clock()
        while not self._poll.poll(0):
            os.sched_yield()  # Redis may be waiting for this core
            before, now = now, self._clock()
            if now - began > _MAX_POLL_SECONDS or now - before > _MAX_GAP_SECONDS:
                return False
        return True


def _cores() -> int:
    """How many processors this process may use; 1 if the system has no way to yield the processor."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _after_fork() -> None:
    """In a forked child: a thread of the parent may have held the lock."""
    global _poll_lock
    _poll_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
