"""The thread that counts the jobs of Node: in one process of all, which holds a lock in Redis.

- takes the lock, and keeps it, or waits until it is free
- subscribes to the events, and again after the connection broke
- reads the hashes of jobs, many in a round trip, and has them counted
- adds what was counted to Redis, about once a second, and only while it holds the lock
- drops events that come faster than it can read, and reports how many
"""

from __future__ import annotations

import logging
import math
import selectors
import time
from collections import deque

from redis.exceptions import ResponseError

from kue.common.backoff import Backoff
from kue.common.clock import steady
from kue.common.error_reporter import ErrorReporter
from kue.common.sole_thread import SoleThread
from kue.common.timer_queue import TimerQueue
from kue.common.wakeup import Wakeup
from kue.connection.connection import Connection
from kue.connection.pool import BROKEN, refusal
from kue.errors import ConnectionFailed, KueError
from kue.events.subscription import Subscription
from kue.observer.lock import ObserverLock
from kue.observer.rows import read_rows
from kue.observer.sighting import Sighting, read_sighting
from kue.observer.tally import Tally
from kue.stats.counters import Counters
from kue.store.store import Store

logger = logging.getLogger("kue")
PART, READING = "observer", "observer, which reads jobs,"
_BEAT_SECONDS = 1.0
_REPORT_EVERY_SECONDS = 60.0
_MAX_WAITING = 20_000  # events; more are dropped
_MAX_TOGETHER = 1000  # events whose jobs are read together
_MIN_PAUSE_SECONDS = 0.01  # between two readings, so that few events at a time do not make many round trips


class Observer:
    """Counts from `start` to `stop`. It closes the store, which must be its own."""

    def __init__(self, store: Store, error_reporter: ErrorReporter) -> None:
        self._store = store
        self._error_reporter = error_reporter
        self._lock = ObserverLock(store)
        self._thread = SoleThread(self._run, name="kue-observer")
        self._wakeup = Wakeup()
        self._stopping = False
        self.is_subscribed = False
        self.dropped = 0
        """How many events were not counted, since it could not keep up."""
        self._reported = 0
        self._report_at = -math.inf
        self._timers = TimerQueue()
        self._reads = False
        self._rests_until = 0.0
        self._forget()

    def _forget(self) -> None:
        """Begin anew: another process may have counted the same."""
        self._counters = Counters(self._store, self._error_reporter, True)
        self._tally = Tally(self._counters.of)
        self._waiting: deque[Sighting] = deque()

    def start(self) -> None:
        """Start the thread. It does not wait for Redis."""
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Add what was counted, free the lock, and end. Waits at most `timeout` seconds for that."""
        self._stopping = True
        started = self._thread.retire()
        self._wakeup.wake()
        if started:
            self._thread.join(timeout)
        else:
            self._store.connections.close()
            self._wakeup.close()

    # on the thread

    def _run(self) -> None:
        backoff = Backoff()
        while not self._stopping:
            pause = _BEAT_SECONDS
            try:
                if self._hold():
                    self._observe(backoff)
                    continue
                self._error_reporter.outage_ended(PART)
            except BROKEN as broken:
                self._error_reporter.outage_began(PART, self._store.connections.lost(broken))
                pause = backoff.next()
            except Exception as problem:
                self._error_reporter.failed(PART, problem)
                pause = backoff.next()
            self._pause(pause)
        self._end()

    def _hold(self) -> bool:
        """Take or keep the lock. Returns whether this process has it."""
        is_held = self._lock.hold()
        if not is_held or self._lock.is_new:
            self._forget()
        return is_held

    def _observe(self, backoff: Backoff) -> None:
        """Count until the lock is lost or `stop` is called. Raises if the connection breaks."""
        connection = self._subscribed()
        try:
            self._error_reporter.outage_ended(PART)
            backoff.reset()
            self.is_subscribed = True
            self._timers, self._reads = TimerQueue(), False
            self._timers.add(_BEAT_SECONDS, self._beat)
            Subscription(
                connection,
                self._store.commands,
                self._timers,
                self._wakeup,
                deliver=self._deliver,
                caught_up=lambda: None,
                stopping=lambda: self._stopping or not self._lock.is_held,
            ).listen()
        finally:
            self.is_subscribed = False
            connection.close()
            self._add_rest()

    def _subscribed(self) -> Connection:
        connection = self._store.connections.open()
        try:
            [reply] = connection.exchange([self._store.commands.subscribe()])
            if isinstance(reply, ResponseError):
                raise refusal(reply)
        except BaseException:
            connection.close()
            raise
        return connection

    def _deliver(self, message: bytes) -> None:
        sighting = read_sighting(message, self._store.clock())
        if sighting is None:
            return
        if len(self._waiting) >= _MAX_WAITING:
            self.dropped += 1
            return
        self._waiting.append(sighting)
        if not self._reads:
            self._read_soon()

    def _read_soon(self) -> None:
        self._reads = True
        self._timers.add(max(0.0, self._rests_until - time.monotonic()), self._read)

    def _read(self) -> None:
        """Read the jobs of some events. Then it rests for as long as it worked, and lets other threads run."""
        self._reads = False
        began = time.thread_time()
        self._count_some()
        self._rests_until = time.monotonic() + max(_MIN_PAUSE_SECONDS, time.thread_time() - began)
        if self._waiting:
            self._read_soon()

    def _count_some(self) -> bool:
        """Count some of the events that wait. If their jobs cannot be read, they are dropped: then it returns False."""
        batch = [self._waiting.popleft() for _ in range(min(_MAX_TOGETHER, len(self._waiting)))]
        try:
            self._tally.count(batch, read_rows(self._store, self._tally.wanted(batch)))
        except Exception as problem:
            self.dropped += len(batch)
            # The beat shows when an outage is over. Only a reading shows that for anything else.
            is_outage = isinstance(problem, ConnectionFailed) or getattr(problem, "transient", False)
            self._error_reporter.failed(PART if is_outage else READING, problem)
            return False
        self._error_reporter.outage_ended(READING)
        return True

    def _beat(self) -> None:
        """Keep the lock, and add what was counted. If another process has the lock, that one counts from now on."""
        self._timers.add(_BEAT_SECONDS, self._beat)
        self._report_dropped()
        try:
            confirmed = self._add()
        except Exception as problem:
            self._error_reporter.failed(PART, problem)
        else:
            if confirmed:
                self._error_reporter.outage_ended(PART)

    def _add(self) -> bool:
        """Add what was counted, if this process has the lock. Returns whether it has."""
        while True:
            if not self._hold():
                return False
            if self._lock.was_just_confirmed:  # else the process has stood still meanwhile
                self._counters.flush()
                return True

    def _report_dropped(self) -> None:
        if self.dropped > self._reported and steady() >= self._report_at:
            missing, self._reported = self.dropped - self._reported, self.dropped
            self._report_at = steady() + _REPORT_EVERY_SECONDS
            logger.warning("the observer dropped %d events: it counts too few of the jobs that Node runs", missing)

    def _add_rest(self) -> None:
        """Count the events that were received, and add that, if the connection serves and the lock is held."""
        if not self._lock.is_held:
            return
        try:
            while self._waiting and self._count_some():
                pass
            self._add()
        except KueError as problem:
            self._error_reporter.outage_began(PART, problem)

    def _pause(self, seconds: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakeup, selectors.EVENT_READ)
            if not self._stopping and selector.select(seconds):
                self._wakeup.clear()

    def _end(self) -> None:
        try:
            self._lock.release()
        except KueError as problem:
            logger.info("the lock of the observer stays until it runs out: %s", problem)
        self._store.connections.close()
        self._wakeup.close()
