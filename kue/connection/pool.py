"""A pool of connections, opened when they are needed, that turns the errors of redis-py into those of kue."""

from __future__ import annotations

import builtins
import contextlib
import math
import os
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

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

from kue.connection.address import ADDRESS_HINT, Address
from kue.connection.connection import Command, Connection
from kue.errors import ConnectionFailed, KueError, RedisRefused, ShutdownInProgress

BROKEN = (ConnectionError, TimeoutError, OSError)
_TIMEOUT_ERRORS = (TimeoutError, builtins.TimeoutError)
_RECONNECT_EVERY_SECONDS = 1.0  # while the server is read-only


class ConnectionPool:
    """Connections to one address, for any number of threads. Each call has a connection of its own while it lasts."""

    def __init__(
        self, address: Address, exchange: Callable[[Connection, Sequence[Command]], list[Any]] = Connection.exchange
    ) -> None:
        """`exchange` makes one round trip. The store passes one that loads scripts if Redis does not know them."""
        self.address = address
        self._exchange = exchange
        self._idle: deque[Connection] = deque()
        self._pid = os.getpid()
        self._reconnected_at = -math.inf
        self.closed = False

    def open(self) -> Connection:
        """A new open connection, which the caller keeps and closes.

        Raises `ConnectionFailed` or `RedisRefused`, naming the address.
        """
        connection = Connection(self.address.connection)
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
        connection = self._borrow()
        try:
            replies = self._exchange(connection, commands)
            if isinstance(replies[0], ResponseError) and _UNAUTHENTICATED in str(replies[0]):
                raise AuthenticationError("Authentication required.")
        except ResponseError as refused:
            connection.close()
            raise refusal(refused) from refused
        except BusyLoadingError as loading:  # redis-py takes it for a broken connection
            connection.close()
            raise (refusal(loading) if len(commands) == 1 else self.lost(loading)) from loading
        except BROKEN as broken:
            connection.close()
            self._close_idle()  # they may be broken too, and each would take a timeout to find out
            raise self.lost(broken, connection.received_at) from broken
        except BaseException:
            connection.close()
            raise
        if any(isinstance(reply, ResponseError) and _is_read_only(reply) for reply in replies):
            self._reconnect_to_master(connection)
        elif self.closed:
            connection.close()
        else:
            self._idle.append(connection)
        return replies

    def _reconnect_to_master(self, connection: Connection) -> None:
        """The server is a replica now: connect anew, since the new master may be at the same address."""
        now = time.monotonic()
        if now - self._reconnected_at < _RECONNECT_EVERY_SECONDS and not self.closed:
            self._idle.append(connection)
        else:
            self._reconnected_at = now
            connection.close()
            self._close_idle()

    def call(self, *command: Any) -> Any:
        """Send one command and return its reply. Raises as `run` does, and `RedisRefused` if the reply is an error."""
        reply = self.run([command])[0]
        if isinstance(reply, ResponseError):
            raise refusal(reply) from reply
        return reply

    def _borrow(self) -> Connection:
        if self._pid != os.getpid():
            self.reset_after_fork()
        if self.closed:
            raise ShutdownInProgress("the queue is shut down; make another with kue.create_queue()")
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self.open()
            if not connection.is_stale():
                return connection
            connection.close()

    def reset_after_fork(self) -> None:
        """In a forked child: drop the connections, since the parent process goes on using them."""
        self._idle = deque()
        self._pid = os.getpid()

    def close(self) -> None:
        """Close the idle connections. Those in use are closed when their call ends."""
        self.closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().close()

    def unreachable(self, problem: BaseException) -> KueError:
        """The error for a connection that could not be made."""
        if isinstance(problem, AuthenticationError) or (
            isinstance(problem, ResponseError) and not isinstance(problem, BusyLoadingError)
        ):
            return RedisRefused(f"Redis at {self.address} refused the connection: {problem}", transient=True)
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


_UNAUTHENTICATED = "unauthenticated multibulk length"  # what Redis answers to a long command without a login
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


def is_transient(reply: BaseException) -> bool:
    """Whether Redis may carry out the same command later: it is loading, read-only or out of memory, for example."""
    return isinstance(reply, _TRANSIENT_KINDS) or bool(_TRANSIENT.search(str(reply)))


def refusal(reply: BaseException) -> RedisRefused:
    """The error of kue for an error reply of Redis."""
    return RedisRefused(f"Redis refused: {reply}", transient=is_transient(reply))
