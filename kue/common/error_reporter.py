"""Background trouble: said once to the `error` event and the `kue` logger, and once more when it is over."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable

from kue.errors import ConnectionFailed, ConnectionRestored, KueError, Recovered, RedisRefused

logger = logging.getLogger("kue")


class ErrorReporter:
    """What goes wrong where no caller can be told. `emit` hands an exception to the `error` listeners."""

    def __init__(self, emit: Callable[[BaseException], None]) -> None:
        self._emit = emit
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: nobody of it has met anything yet."""
        self._lock = threading.Lock()
        self._down: set[str] = set()  # who is without Redis, which is one trouble for all of them
        self._hindered: set[str] = set()  # who has trouble of its own
        self._restored_at = -math.inf

    def report(self, problem: BaseException) -> None:
        """One thing went wrong."""
        logger.error("%s", problem, exc_info=problem.__cause__)
        self._emit(problem)

    def warn(self, problem: KueError) -> None:
        """One thing went wrong that needs no more than to be known."""
        logger.warning("%s", problem)
        self._emit(problem)

    def outage_began(self, who: str, problem: KueError) -> None:
        """`who` cannot go on. Of those who lost Redis only the first is reported; of other trouble, each once.

        Who has heard nothing since before the last return notices late what is over, and has been told.
        """
        silent_since = problem.silent_since if isinstance(problem, ConnectionFailed) else None
        if silent_since is not None and silent_since < self._restored_at:
            return
        outage = isinstance(problem, ConnectionFailed) or (isinstance(problem, RedisRefused) and problem.transient)
        with self._lock:
            known = bool(self._down) if outage else who in self._hindered
            (self._down if outage else self._hindered).add(who)
        if not known:
            logger.error("%s", problem)
            self._emit(problem)

    def unexpected(self, who: str, problem: Exception) -> None:
        """`who` met something that nobody expected, and tries again."""
        logger.error("unexpected trouble: %s", who, exc_info=problem)
        unexpected = KueError(f"{who} met {type(problem).__name__}: {problem}")
        unexpected.__cause__ = problem
        self.outage_began(who, unexpected)

    def outage_ended(self, who: str) -> None:
        """`who` goes on. That Redis is back is reported when the last one has it."""
        with self._lock:
            recovered = who in self._hindered
            restored = self._down == {who}
            self._hindered.discard(who)
            self._down.discard(who)
            if restored:
                self._restored_at = time.monotonic()
        if recovered:
            self.warn(Recovered(f"{who} goes on as before"))
        if restored:
            self.warn(ConnectionRestored("the connection to Redis is back"))

    def log(self, problem: BaseException) -> None:
        """Only to the log: what a listener of `error` itself raised."""
        logger.error("%s", problem, exc_info=problem.__cause__)

    @property
    def down(self) -> bool:
        """Whether anybody is without Redis."""
        return bool(self._down)
