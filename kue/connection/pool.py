"""A pool of connections, opened when they are needed, that turns the errors of redis-py into those of kue."""

from __future__ import annotations

import builtins
import math
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from redis.connection import AbstractConnection
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,
    TryAgainError,
)

from kue.common.describe import short_repr
from kue.common.forks import forks
from kue.connection.address import ADDRESS_HINT, Address
from kue.connection.capacity import Capacity
from kue.connection.connection import Command, Connection
from kue.connection.reply_text import reply_text
from kue.connection.server_clock import ServerClock
from kue.errors import ConnectionFailed, KueError, RedisRefused, ShutdownInProgress

BROKEN = (ConnectionError, TimeoutError, OSError)
_TIMEOUT_ERRORS = (TimeoutError, builtins.TimeoutError)
_RECONNECT_EVERY_SECONDS = 1.0  # while the server is read-only
MAX_CONNECTIONS = 50


class ConnectionPool:
    """Connections to one address, for any number of threads. Each call has a connection of its own while it lasts.

    There are at most `max_connections`, or fewer if the address says so. If all are in use, calls wait for one in turn,
    at most as long as they would wait for an answer.
    """

    def __init__(
        self,
        address: Address,
        exchange: Callable[[Connection, Sequence[Command]], list[Any]] = Connection.exchange,
        max_connections: int = MAX_CONNECTIONS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`exchange` makes one round trip. The store passes one that loads scripts if Redis does not know them."""
        self.address = address
        self._exchange = exchange
        self._max_connections = min(max_connections, address.max_connections or max_connections)
        self._clock = clock
        self._reconnected_at = -math.inf
        self.server_clock = ServerClock()
        self.closed = False
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """In a forked child: drop the connections, since the parent process goes on using them."""
        self.server_clock.after_fork()
        self._capacity = Capacity(
            self._max_connections,
            self._connect,
            closes_idle=self.address.is_real,
            clock=self._clock,
            server_clock=self.server_clock,
        )

    def open(self) -> Connection:
        """A new open connection, which the caller keeps and closes. It counts, but does not wait for others.

        Raises `ConnectionFailed` or `RedisRefused`, naming the address.
        """
        connection = self._current_capacity().keep()
        try:
            connection.open()
        except (RedisError, OSError) as broken:
            connection.close()
            raise self.unreachable(broken) from broken
        return connection

    def run(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands and return their replies: one round trip. The reply to a refused command is a `ResponseError`.

        Raises `ConnectionFailed`, whose `sent` is True if the commands may have been carried out, `RedisRefused` if
        Redis refuses the connection or all commands, and `ShutdownInProgress` if the pool is closed.
        """
        capacity = self._current_capacity()
        connection = self._borrow(capacity)
        if self.server_clock.is_due:
            connection.asks_time = True
        try:
            replies = self._exchange(connection, commands)
            if replies and is_unauthenticated(replies[0]):
                raise AuthenticationError("Authentication required.")
        except ResponseError as refused:
            capacity.drop(connection)
            raise refusal(refused) from refused
        except BusyLoadingError as loading:  # redis-py takes it for a broken connection
            capacity.drop(connection)
            raise (refusal(loading) if len(commands) == 1 else self.lost(loading)) from loading
        except BROKEN as broken:
            capacity.drop(connection)
            capacity.close_idle()  # they may be broken too, and each would take a timeout to find out
            raise self.lost(broken, connection.received_at) from broken
        except BaseException:
            capacity.drop(connection)
            raise
        if any(isinstance(reply, ResponseError) and _is_read_only(reply) for reply in replies):
            self._reconnect_to_master(capacity, connection)
        else:
            capacity.give_back(connection)
        return replies

    def _reconnect_to_master(self, capacity: Capacity, connection: Connection) -> None:
        """The server is a replica now: connect anew, since the new master may be at the same address."""
        now = time.monotonic()
        if now - self._reconnected_at < _RECONNECT_EVERY_SECONDS:
            capacity.give_back(connection)
        else:
            self._reconnected_at = now
            capacity.drop(connection)
            capacity.close_idle()

    def call(self, *command: Any) -> Any:
        """Send one command and return its reply. Raises as `run` does, and `RedisRefused` if the reply is an error."""
        reply = self.run([command])[0]
        if isinstance(reply, ResponseError):
            raise refusal(reply) from reply
        return reply

    def ask_time(self) -> None:
        """Ask the server for its time, if this process never has. Raises as `run` does, but nothing is in doubt."""
        if not self.server_clock.was_asked:
            self.server_clock.is_due = True
            try:
                self.run([])
            except ConnectionFailed as broken:
                broken.sent = False
                raise

    def _current_capacity(self) -> Capacity:
        if self._capacity.forks != forks.count:
            self.reset_after_fork()
        return self._capacity

    def _borrow(self, capacity: Capacity) -> Connection:
        while not self.closed:
            connection = capacity.take_idle() or capacity.wait(self.address.timeout)
            if connection is None:
                break
            if not connection.opened:
                return self._opened(capacity, connection)
            if not connection.is_stale():
                return connection
            capacity.drop(connection)
        if self.closed:
            raise ShutdownInProgress("the queue is shut down; make another with kue.create_queue()")
        raise ConnectionFailed(
            f"all {capacity.allowed} connections for calls to Redis at {self.address} are in use, and none became free "
            f"in {self.address.timeout:g} s; Redis answers late, or more threads call it than max_connections allows: "
            "raise it with kue.create_queue(max_connections=...), and where the address sets it"
        )

    def _opened(self, capacity: Capacity, connection: Connection) -> Connection:
        try:
            connection.open()
        except (RedisError, OSError) as broken:
            capacity.drop(connection)
            raise self.unreachable(broken) from broken
        except BaseException:
            capacity.drop(connection)
            raise
        return connection

    def _connect(self) -> AbstractConnection:
        return self.address.connection()

    def close(self) -> None:
        """Close the idle connections, and those in use when their call ends. Calls that wait for one are ended."""
        self.closed = True
        self._current_capacity().close()

    def unreachable(self, problem: BaseException) -> KueError:
        """The error for a connection that could not be made."""
        if isinstance(problem, AuthenticationError) or (
            isinstance(problem, ResponseError) and not isinstance(problem, BusyLoadingError)
        ):
            hint = ""
            if self.address.user and "username-password" in str(problem):  # a name that node_redis would leave out
                user = f"a user named {short_repr(self.address.user)} does not exist there, or has another password"
                hint = f"; {user}: to log in with a password alone, as Kue does, write redis://:password@host"
            return RedisRefused(f"Redis at {self.address} refused the connection: {problem}{hint}", transient=True)
        return ConnectionFailed(f"cannot reach Redis at {self.address} ({problem}); {ADDRESS_HINT}")

    def lost(self, problem: BaseException, received_at: float | None = None) -> KueError:
        """The error for a connection that broke after commands were sent on it.

        `received_at` is when something was received on it last, in seconds of the monotonic clock.
        """
        if isinstance(problem, AuthenticationError):  # Redis 7.0 refuses only the first command with it
            return self.unreachable(problem)
        broken = ConnectionFailed(f"the connection to Redis at {self.address} broke ({problem})", sent=True)
        if isinstance(problem, _TIMEOUT_ERRORS):
            broken.silent_since = received_at
        return broken


# redis-py removes the code from the start of a message if it has a class for it. Inside a message, as in that of a
# script's error, the code remains.
_TRANSIENT_KINDS = (ReadOnlyError, OutOfMemoryError, BusyLoadingError, ClusterDownError, MasterDownError, TryAgainError)
_READ_ONLY = re.compile("READONLY|read only replica")
_TRANSIENT = re.compile(
    r"\b(LOADING|READONLY|OOM|MISCONF|BUSY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|UNBLOCKED)\b"
    r"|read only replica|maxmemory"
)


def _is_read_only(reply: BaseException) -> bool:
    """Whether a server refused a write because it is a replica. If a script failed, only the text shows it."""
    return isinstance(reply, ReadOnlyError) or bool(_READ_ONLY.search(str(reply)))


def is_unauthenticated(reply: object) -> bool:
    """Whether a reply is the refusal of a long command without a login, after which Redis closes the connection."""
    return isinstance(reply, ResponseError) and "unauthenticated multibulk length" in str(reply)


def is_transient(reply: BaseException) -> bool:
    """Whether Redis may carry out the same command later: it is loading, read-only or out of memory, for example."""
    return isinstance(reply, _TRANSIENT_KINDS) or bool(_TRANSIENT.search(str(reply)))


def refusal(reply: BaseException) -> RedisRefused:
    """The error of kue for an error reply of Redis."""
    return RedisRefused(f"Redis refused: {reply_text(reply)}", transient=is_transient(reply))
