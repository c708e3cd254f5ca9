"""Reports problems of background threads, which have no caller: to the `error` event and to the `kue` logger.

- reports a problem that occurs once
- reports the start and the end of a lasting problem, once each: an outage of Redis for all parts together, any other
  problem for the part that has it
- logs what the `error` listeners raise themselves
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable

from kue.errors import ConnectionFailed, ConnectionRestored, KueError, Recovered, RedisRefused

logger = logging.getLogger("kue")


class ErrorReporter:
    """For any thread. `emit` hands an exception to the `error` listeners."""

    def __init__(self, emit: Callable[[BaseException], None]) -> None:
        self._emit = emit
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: no part of it has a problem yet, and no thread holds the lock."""
        self._lock = threading.RLock()
        self._without_redis: set[str] = set()  # parts of the queue; one report for all
        self._with_own_problem: dict[str, str] = {}  # parts of the queue; a report for each
        self._restored_at = -math.inf

    def report(self, problem: BaseException) -> None:
        """Report a problem that occurred once, as an error."""
        logger.error("%s", problem, exc_info=problem.__cause__)
        self._emit(problem)

    def warn(self, problem: KueError) -> None:
        """Report a problem that occurred once and needs no action, as a warning."""
        logger.warning("%s", problem)
        self._emit(problem)

    def outage_began(self, part: str, problem: KueError) -> None:
        """A part cannot go on. If several lose Redis, the first one is reported; any other problem once for each part.

        A timeout that began before the last reconnect is ignored, since that outage was reported and is over.
        """
        silent_since = problem.silent_since if isinstance(problem, ConnectionFailed) else None
        if silent_since is not None and silent_since < self._restored_at:
            return
        outage = isinstance(problem, ConnectionFailed) or (isinstance(problem, RedisRefused) and problem.transient)
        with self._lock:
            if outage:
                known = bool(self._without_redis)
                self._without_redis.add(part)
            else:
                known = part in self._with_own_problem
                self._with_own_problem[part] = str(problem)
        if not known:
            logger.error("%s", problem)
            self._emit(problem)

    def unexpected(self, part: str, problem: BaseException) -> None:
        """A part caught an exception that it does not know, and tries again."""
        logger.error("unexpected error in %s", part, exc_info=problem)
        unexpected = KueError(f"unexpected error in {part}: {type(problem).__name__}: {problem}")
        unexpected.__cause__ = problem
        self.outage_began(part, unexpected)

    def failed(self, part: str, problem: Exception) -> None:
        """A part caught an exception and tries again: as `outage_began` if kue raised it, else as `unexpected`."""
        if isinstance(problem, KueError):
            self.outage_began(part, problem)
        else:
            self.unexpected(part, problem)

    def outage_ended(self, part: str) -> None:
        """A part goes on. The end of an outage is reported when Redis serves the last part again."""
        with self._lock:
            recovered = self._with_own_problem.pop(part, None) is not None
            restored = self._without_redis == {part}
            self._without_redis.discard(part)
            if restored:
                self._restored_at = time.monotonic()
        if recovered:
            self.warn(Recovered(f"{part} goes on as before"))
        if restored:
            self.warn(ConnectionRestored("the connection to Redis is back"))

    def log(self, problem: BaseException) -> None:
        """Log what a listener of `error` itself raised, without another `error` event."""
        logger.error("%s", problem, exc_info=problem.__cause__)

    @property
    def problems(self) -> list[str]:
        """What keeps parts of the queue from their work, apart from an outage of Redis."""
        with self._lock:
            return sorted(set(self._with_own_problem.values()))

    @property
    def down(self) -> bool:
        """Whether Redis does not serve some part."""
        return bool(self._without_redis)
