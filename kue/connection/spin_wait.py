"""Looks for a reply for some microseconds before its thread goes to sleep.

To be put to sleep and woken again takes a thread longer than a near Redis takes to answer most commands: where there
are cores to spare, a round trip takes a third of the time, and no more of the processor's, if nobody sleeps.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable

_LONGEST = 200e-6  # seconds of looking; a reply that takes longer is slept for
_INTERRUPTED = 30e-6  # seconds between two looks, after which others want the processor, or the interpreter
_MOST_SKIPPED = 256
_one_at_a_time = threading.Lock()  # more than one thread that looks would only take the interpreter from the others


class SpinWait:
    """For the replies on one socket. Where they are late, or others want the processor, it looks for ever fewer."""

    def __init__(self, sock: socket.socket, clock: Callable[[], float] = time.perf_counter) -> None:
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._clock = clock
        self._late = 0  # replies, one after the other
        self._to_skip = 0
        self._is_of_use = type(sock) is socket.socket and _cores() > 1  # TLS may hold what a poll does not see

    @property
    def sees_something(self) -> bool:
        """Whether there is something to read now, or the connection has ended."""
        return bool(self._poll.poll(0))

    def wait(self) -> None:
        """Return when there is something to read, or when it is not worth looking any longer."""
        if not self._is_of_use:
            return
        if self._to_skip:
            self._to_skip -= 1
            return
        if not _one_at_a_time.acquire(blocking=False):
            return
        try:
            self._late = 0 if self._comes_soon() else self._late + 1
            self._to_skip = min(2**self._late - 1, _MOST_SKIPPED)
        finally:
            _one_at_a_time.release()

    def _comes_soon(self) -> bool:
        now = began = self._clock()
        while not self._poll.poll(0):
            os.sched_yield()  # Redis may wait for this very core
            before, now = now, self._clock()
            if now - began > _LONGEST or now - before > _INTERRUPTED:
                return False
        return True


def _cores() -> int:
    """How many processors this process may use; 1 where threads cannot yield to each other."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _after_fork() -> None:
    """In a forked child: a thread of the parent's may have been looking."""
    global _one_at_a_time
    _one_at_a_time = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
