"""The I/O thread's own connection: opens and checks it, gives it up, and says how long to wait before the next.

- loads the scripts and makes sure that the server can be written to, before any job is taken
- warns once if the server may delete keys when its memory is full
- reports that Redis is out of reach, or refuses, and later that it is back
- remembers whether commands may have been cut off, so that the I/O loop checks what became of them
"""

from __future__ import annotations

import logging
import math
import time

from redis.exceptions import RedisError, ResponseError

from kue.common.backoff import Backoff
from kue.common.error_reporter import ErrorReporter
from kue.connection.connection import Connection
from kue.connection.pool import BROKEN, is_transient, refusal
from kue.errors import KueError
from kue.store import eviction, scripts
from kue.store.store import Store
from kue.worker.io.pacing import NEAR_SECONDS

logger = logging.getLogger("kue")
_NAME = "the workers' I/O thread"
_MAX_PINGS = 5
_MAX_PINGING_SECONDS = 0.02  # after which no further one is sent


class Session:
    """For the I/O thread."""

    def __init__(self, store: Store, error_reporter: ErrorReporter) -> None:
        self._store = store
        self._error_reporter = error_reporter
        self._backoff = Backoff()
        self._received_at: float | None = None  # when the last connection received something, by the monotonic clock
        self.is_refused = False  # for a reason that does not pass by itself, and ends the next connection as well
        self.connection: Connection | None = None
        self.round_trip = 0.0  # on a new connection, in seconds
        self.was_cut_off = False
        self._warned_of_eviction = False

    def open(self) -> Connection:
        """Connect. Raises the problem if there is no connection, or Redis refuses writes on it."""
        self.connection = connection = self._store.connections.open()
        connection.asks_time = True
        scripts.load_all(connection)
        reply, memory = connection.exchange([self._store.commands.probe_write(), eviction.ask_policy()])
        if isinstance(reply, ResponseError):
            raise refusal(reply)
        self._warn_of_eviction(eviction.harmful_policy(memory))
        self.round_trip = self._measure(connection)
        return connection

    def _measure(self, connection: Connection) -> float:
        """The seconds of a round trip: of a few the shortest, since other work may delay any of them."""
        if connection.socket is None:
            return 0.0
        began, shortest = time.monotonic(), math.inf
        for _ in range(_MAX_PINGS):
            sent = time.monotonic()
            connection.exchange([self._store.commands.ping()])
            now = time.monotonic()
            shortest = min(shortest, now - sent)
            if shortest <= NEAR_SECONDS or now - began > _MAX_PINGING_SECONDS:
                break
        return shortest

    def _warn_of_eviction(self, policy: str) -> None:
        if policy and not self._warned_of_eviction:
            self._warned_of_eviction = True
            logger.warning("%s", eviction.warning(policy))

    def established(self) -> None:
        """All that a new connection must do first is done: report that Redis is back."""
        self._backoff.reset()
        if not self.is_refused:
            self._error_reporter.outage_ended(_NAME)

    def granted_again(self) -> None:
        """Redis carries out again what it refused: report that."""
        self.is_refused = False
        self._error_reporter.outage_ended(_NAME)

    def give_up(self, problem: BaseException) -> float:
        """Report a problem and close the connection. Returns the seconds to wait before the next attempt."""
        self.was_cut_off = True
        self._received_at = None if self.connection is None else self.connection.received_at
        if self.connection is not None:
            self.connection.abort()
        self.connection = None
        self._report(problem)
        return self._backoff.next()

    def _report(self, problem: BaseException) -> None:
        self.is_refused = isinstance(problem, ResponseError) and not is_transient(problem)
        if isinstance(problem, KueError):
            self._error_reporter.outage_began(_NAME, problem)
        elif isinstance(problem, BROKEN):
            self._error_reporter.outage_began(_NAME, self._store.connections.lost(problem, self._received_at))
        elif isinstance(problem, RedisError):
            self._error_reporter.outage_began(_NAME, refusal(problem))
        else:
            self._error_reporter.unexpected(_NAME, problem)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self.connection is not None:
            self.connection.close()
        self.connection = None
