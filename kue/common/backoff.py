"""How long to wait before the next try to reach Redis."""

from __future__ import annotations

import random

FIRST = 0.05
LONGEST = 3.0


class Backoff:
    """Waits that double, each with jitter, so that a fleet does not come back all at once."""

    def __init__(self) -> None:
        self._next = FIRST

    def next(self) -> float:
        """Seconds to wait before the next try."""
        wait = self._next * random.uniform(0.5, 1.0)
        self._next = min(LONGEST, self._next * 2)
        return wait

    def reset(self) -> None:
        self._next = FIRST
