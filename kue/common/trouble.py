"""Background trouble: said once to the `error` event and the `kue` logger, and once more when it is over."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from kue.errors import ConnectionRestored, KueError

logger = logging.getLogger("kue")


class Trouble:
    """What goes wrong where no caller can be told. `emit` hands an exception to the `error` listeners."""

    def __init__(self, emit: Callable[[BaseException], None]) -> None:
        self._emit = emit
        self._lock = threading.Lock()
        self._down: set[str] = set()

    def report(self, problem: BaseException) -> None:
        """One thing went wrong."""
        logger.error("%s", problem, exc_info=problem.__cause__)
        self._emit(problem)

    def warn(self, problem: KueError) -> None:
        """One thing went wrong that needs no more than to be known."""
        logger.warning("%s", problem)
        self._emit(problem)

    def began(self, who: str, problem: BaseException) -> None:
        """`who` lost Redis. Only the first to lose it is reported."""
        with self._lock:
            first = not self._down
            self._down.add(who)
        if first:
            logger.error("%s", problem)
            self._emit(problem)

    def stumbled(self, who: str, problem: Exception) -> None:
        """`who` met something that nobody expected, and goes on."""
        logger.error("unexpected trouble: %s", who, exc_info=problem)
        unexpected = KueError(f"{who} met {type(problem).__name__}: {problem}")
        unexpected.__cause__ = problem
        self.began(who, unexpected)

    def ended(self, who: str) -> None:
        """`who` has Redis again. Reported when the last one has."""
        with self._lock:
            if who not in self._down:
                return
            self._down.discard(who)
            last = not self._down
        if last:
            restored = ConnectionRestored("the connection to Redis is back")
            logger.warning("%s", restored)
            self._emit(restored)

    def log(self, problem: BaseException) -> None:
        """Only to the log: what a listener of `error` itself raised."""
        logger.error("%s", problem, exc_info=problem.__cause__)

    def after_fork(self) -> None:
        """In a forked child: nobody of it has lost anything yet."""
        self._lock = threading.Lock()
        self._down = set()

    @property
    def down(self) -> bool:
        """Whether anybody is without Redis."""
        return bool(self._down)
