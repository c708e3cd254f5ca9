"""Lets other threads wait until Redis has answered what was to be sent before."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

# A report that was refused together with others is sent again alone, so one flush may take several rounds.
_MAX_FLUSH_ROUNDS = 6


class _Wait:
    """One thread that waits. `again` says whether some of what was to be sent still is."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.again = False


class AnswerWait:
    """Any thread may call `settle_down` and `flush`, only the I/O loop the rest.

    `wake` wakes the I/O thread. `has_refused` says whether reports that Redis refused are to be sent again.
    """

    def __init__(self, wake: Callable[[], None], has_refused: Callable[[], bool]) -> None:
        self._wake = wake
        self._has_refused = has_refused
        self._new: deque[_Wait] = deque()
        self._closed = True

    def open(self) -> None:
        """From here on the I/O thread runs."""
        self._closed = False

    def settle_down(self, timeout: float) -> bool:
        """Return when all that was asked of Redis before this call has been answered, or the time is up.

        True if some of it was held back or refused, and is still to be asked.
        """
        wait = _Wait()
        self._new.append(wait)
        if self._closed:
            return False  # the I/O thread does not run: what was asked has its answer, or gets none
        self._wake()
        wait.ended.wait(timeout)
        return wait.again

    def flush(self, timeout: float) -> None:
        """Return when all reports before this call have been answered, Redis is away, or the time is up."""
        deadline = time.monotonic() + timeout
        for _ in range(_MAX_FLUSH_ROUNDS):
            left = deadline - time.monotonic()
            if left <= 0 or not self.settle_down(left):
                return

    @property
    def new(self) -> int:
        """How many threads began to wait. What they wait for is in the outbox by now."""
        return len(self._new)

    def end_later(self, count: int, when_answered: Callable[[Callable[[], None]], None], *, held_back: bool) -> None:
        """Have the oldest `count` waits end once all that was sent so far is answered.

        `held_back` says whether the outbox has not sent everything.
        """
        waits = [self._new.popleft() for _ in range(count)]

        def end() -> None:
            for wait in waits:
                wait.again = held_back or self._has_refused()
                wait.ended.set()

        when_answered(end)

    def end_all(self) -> None:
        """Redis is away: what was sent so far gets no answer now."""
        while self._new:
            self._new.popleft().ended.set()

    def close(self) -> None:
        """The I/O thread has ended."""
        self._closed = True
        self.end_all()
