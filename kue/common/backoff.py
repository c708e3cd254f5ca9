"""How long to wait before the next attempt to reach Redis: pauses that double, with jitter."""

from __future__ import annotations

import random

_FIRST_WAIT_SECONDS = 0.05
_MAX_WAIT_SECONDS = 3.0


class Backoff:
    """Waits that double, each with jitter, so that the processes of a fleet do not all come back at once."""

    def __init__(self) -> None:
        self._next = _FIRST_WAIT_SECONDS

    def next(self) -> float:
        """Seconds to wait before the next attempt."""
        wait = self._next * random.uniform(0.5, 1.0)
        self._next = min(_MAX_WAIT_SECONDS, self._next * 2)
        return wait

    def reset(self) -> None:
        self._next = _FIRST_WAIT_SECONDS
