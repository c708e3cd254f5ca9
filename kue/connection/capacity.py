"""How many connections a pool may have, and which of them are free.

- hands out connections in the order in which calls ask for one, and makes those wait that find none free
- counts the connections whose holders keep them, which never wait
- closes connections that were idle for a minute; a thread does that, which runs only while there are some for calls

It opens no connection: the one that takes a new one does.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable

from redis.connection import AbstractConnection

from kue.common.forks import forks
from kue.connection.connection import Connection
from kue.connection.idle_closer import IdleCloser
from kue.connection.server_clock import ServerClock

IDLE_SECONDS = 60.0
_MAX_LOCK_SECONDS = 0.5  # no thread has the lock for longer, unless a signal handler has interrupted it


class Capacity:
    """For any thread of one process. `limit` counts all connections, but one for calls is always allowed.

    The sets are weak: if an exception from outside, such as KeyboardInterrupt, makes a thread drop a connection, then
    the connection no longer counts.
    """

    def __init__(
        self,
        limit: int,
        connect: Callable[[], AbstractConnection],
        *,
        closes_idle: bool = True,
        clock: Callable[[], float] = time.monotonic,
        server_clock: ServerClock | None = None,
    ) -> None:
        """`server_clock` takes readings from the connections, and is notified if one of them is lost."""
        self._limit = limit
        self._connect = connect
        self._clock = clock
        self._server_clock = server_clock
        self._lock = threading.RLock()  # a signal handler may save a job while its thread holds the lock
        # The one used last is on the right. Calls take and append without the lock.
        self._idle: deque[Connection] = deque()
        self._for_calls: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._kept: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._waiting: deque[_Waiter] = deque()
        self._closer = IdleCloser(self.close_expired) if closes_idle else None
        self._is_closer_running = not closes_idle
        self._closed = False
        # A call that gives a connection back reads this without the lock. It is set before anything that it stands for
        # looks at the idle connections, so that no connection is given back unseen.
        self._needs_care = True
        self.forks = forks.count

    @property
    def allowed(self) -> int:
        """How many connections there may be for calls."""
        return max(1, self._limit - len(self._kept))

    def take_idle(self) -> Connection | None:
        """An idle connection for a call, if there is one."""
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def wait(self, seconds: float) -> Connection | None:
        """The next connection for a call: an idle one, or one to be opened. None if the call gets none in time."""
        waiter = _Waiter()
        try:
            with self._lock:
                self._needs_care = True
                self._waiting.append(waiter)
                self._tend()
            if waiter.wait(seconds):
                return waiter.connection
        except BaseException:  # KeyboardInterrupt, for example
            self._withdraw(waiter)
            if waiter.connection is not None:
                self.drop(waiter.connection)
            raise
        self._withdraw(waiter)
        return waiter.connection  # it may have come just now

    def give_back(self, connection: Connection) -> None:
        """A call is over, and its connection can serve the next one."""
        connection.idle_since = self._clock()
        self._idle.append(connection)
        if self._needs_care:
            with self._lock:
                self._tend()

    def drop(self, connection: Connection) -> None:
        """Close a connection that was taken."""
        connection.close()
        self._link_lost()
        with self._lock:
            self._for_calls.discard(connection)
            self._tend()

    def keep(self) -> Connection:
        """A connection to be opened that its holder keeps until it closes it. An idle one makes room if need be."""
        connection = Connection(self._connect, self._kept_was_closed, self._server_clock)
        # A signal handler may wait for the thread that asks here, while the thread that it interrupted has the lock.
        # Then the connection counts, and another call makes the room.
        is_locked = self._lock.acquire(timeout=_MAX_LOCK_SECONDS)
        try:
            self._kept.add(connection)
            self._needs_care = True
            if is_locked:
                self._tend()
        finally:
            if is_locked:
                self._lock.release()
        return connection

    def close_idle(self) -> None:
        """Close the connections that are not in use."""
        with self._lock:
            while (connection := self.take_idle()) is not None:
                self._close(connection)
            self._tend()

    def close(self) -> None:
        """Close the idle connections, and those in use once they are given back. Calls that wait get none."""
        with self._lock:
            self._closed = True
            self._tend()
        if self._closer is not None:
            self._closer.stop()

    def close_expired(self) -> float | None:
        """Close what was idle for a minute. Returns the seconds until the next may be due; None if there are none."""
        with self._lock:
            while True:
                try:
                    oldest = self._idle.popleft()
                except IndexError:
                    self._needs_care = True
                    if self._idle:  # given back in between
                        continue
                    if self._for_calls:  # all in use; without this, many calls in a row would start as many threads
                        return IDLE_SECONDS
                    self._is_closer_running = False
                    return None
                seconds = oldest.idle_since + IDLE_SECONDS - self._clock()
                if seconds > 0:
                    self._idle.appendleft(oldest)
                    return seconds
                self._close(oldest)
                self._tend()

    def _link_lost(self) -> None:
        if self._server_clock is not None:
            self._server_clock.link_lost()

    def _withdraw(self, waiter: _Waiter) -> None:
        with self._lock:
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def _kept_was_closed(self, connection: Connection) -> None:
        if forks.count == self.forks:  # in a forked child, a thread of the parent may have held the lock
            self._link_lost()
            with self._lock:
                self._kept.discard(connection)
                self._tend()

    # with the lock

    def _tend(self) -> None:
        """Close what is too much, serve the calls that wait, and see that the idle connections will be closed."""
        self._needs_care = True
        while self._is_crowded and (connection := self.take_idle()) is not None:
            self._close(connection)
        while self._waiting:
            waiter = self._waiting.popleft()
            next_one = None if self._closed else self.take_idle() or self._new()
            if next_one is None and not self._closed:
                self._waiting.appendleft(waiter)
                break
            waiter.serve(next_one)
        if self._idle and self._closer is not None and not self._is_closer_running:
            self._is_closer_running = self._closer.start()
        self._needs_care = self._is_crowded or bool(self._waiting) or not self._is_closer_running

    @property
    def _is_crowded(self) -> bool:
        return self._closed or len(self._for_calls) > self.allowed

    def _new(self) -> Connection | None:
        if len(self._for_calls) >= self.allowed:
            return None
        connection = Connection(self._connect, server_clock=self._server_clock)
        connection.asks_time = True
        self._for_calls.add(connection)
        return connection

    def _close(self, connection: Connection) -> None:
        self._for_calls.discard(connection)
        connection.close()


class _Waiter:
    """A call that waits for a connection."""

    __slots__ = ("_served", "connection")

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self._served = threading.Lock()
        self._served.acquire()

    def serve(self, connection: Connection | None) -> None:
        self.connection = connection
        self._served.release()

    def wait(self, timeout: float) -> bool:
        """Wait to be served. Returns whether it was, in time."""
        return self._served.acquire(timeout=timeout)
