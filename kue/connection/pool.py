"""Connections for everybody: a pool of links, opened when needed, that turns redis-py's errors into ours."""

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

from kue.connection.address import WAYS, Address
from kue.connection.connection import Command, Connection
from kue.errors import ConnectionFailed, KueError, RedisRefused, ShutdownInProgress

BROKEN = (ConnectionError, TimeoutError, OSError)
_LATE = (TimeoutError, builtins.TimeoutError)
_LOOK_AGAIN = 1.0  # seconds between two looks for another master


class ConnectionPool:
    """Links to one address. Any number of threads may call; each call has a connection to itself while it lasts."""

    def __init__(
        self, address: Address, exchange: Callable[[Connection, Sequence[Command]], list[Any]] = Connection.exchange
    ) -> None:
        """`exchange` makes one round trip; the store hands in one that knows scripts."""
        self.address = address
        self._exchange = exchange
        self._idle: deque[Connection] = deque()
        self._pid = os.getpid()
        self._looked_at = -math.inf
        self.closed = False

    def open(self) -> Connection:
        """A new open connection that the caller keeps and closes. Raises `ConnectionFailed`, naming the address."""
        connection = Connection(self.address.connection)
        try:
            connection.open()
        except (RedisError, OSError) as broken:
            connection.close()
            raise self.unreachable(broken) from broken
        return connection

    def run(self, commands: Sequence[Command]) -> list[Any]:
        """One round trip. A command that Redis refuses gives its `ResponseError` as reply.

        Raises `ConnectionFailed`; where `sent` is True on it, the commands had gone out and may have been carried out.
        """
        connection = self._borrow()
        try:
            replies = self._exchange(connection, commands)
            if isinstance(replies[0], ResponseError) and _UNAUTHENTICATED in str(replies[0]):
                raise AuthenticationError("Authentication required.")
        except ResponseError as refused:
            connection.close()
            raise refusal(refused) from refused
        except BusyLoadingError as loading:  # for redis-py a broken connection; for one command, a plain refusal
            connection.close()
            raise (refusal(loading) if len(commands) == 1 else self.lost(loading)) from loading
        except BROKEN as broken:
            connection.close()
            self._close_idle()  # they may be as dead, and each would be found out only by its own timeout
            raise self.lost(broken, connection.heard_at) from broken
        except BaseException:
            connection.close()
            raise
        if any(isinstance(reply, ResponseError) and _is_read_only(reply) for reply in replies):
            self._look_elsewhere(connection)
        elif self.closed:
            connection.close()
        else:
            self._idle.append(connection)
        return replies

    def _look_elsewhere(self, connection: Connection) -> None:
        """This server was the master once: whoever is that now may be found at the same address."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_AGAIN and not self.closed:
            self._idle.append(connection)
        else:
            self._looked_at = now
            connection.close()
            self._close_idle()

    def call(self, *command: Any) -> Any:
        """One command, one reply. Raises `ConnectionFailed`, and `RedisRefused` where Redis answers with an error."""
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
        """Forget the links that the parent process goes on using."""
        self._idle = deque()
        self._pid = os.getpid()

    def close(self) -> None:
        """Close the idle links; those in use are closed when their call ends."""
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
        return ConnectionFailed(f"cannot reach Redis at {self.address} ({problem}); {WAYS}")

    def lost(self, problem: BaseException, heard_at: float | None = None) -> KueError:
        """The error for a connection that broke after commands went out on it; when something was heard on it last."""
        if isinstance(problem, AuthenticationError):  # Redis 7.0 says so only to the first command
            return self.unreachable(problem)
        broken = ConnectionFailed(f"the connection to Redis at {self.address} broke ({problem})", sent=True)
        if isinstance(problem, _LATE):
            broken.silent_since = heard_at
        return broken


_UNAUTHENTICATED = "unauthenticated multibulk length"  # to those who have not logged in, and whose command is long
# redis-py takes a code that it has a class for off the message; only within one, as in a script's, is it to be read.
_TRANSIENT_KINDS = (ReadOnlyError, OutOfMemoryError, BusyLoadingError, ClusterDownError, MasterDownError, TryAgainError)
_READ_ONLY = re.compile("READONLY|read only replica")
_TRANSIENT = re.compile(
    r"\b(LOADING|READONLY|OOM|MISCONF|BUSY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|UNBLOCKED)\b"
    r"|read only replica|maxmemory"
)


def _is_read_only(reply: BaseException) -> bool:
    """Whether a server refused a write since it is a replica; in a script's error only the text tells."""
    return isinstance(reply, ReadOnlyError) or bool(_READ_ONLY.search(str(reply)))


def is_transient(reply: BaseException) -> bool:
    """Whether what Redis refused may be granted later without any change: it is loading, read-only, out of memory."""
    return isinstance(reply, _TRANSIENT_KINDS) or bool(_TRANSIENT.search(str(reply)))


def refusal(reply: BaseException) -> RedisRefused:
    """Our error for an error that Redis answered."""
    return RedisRefused(f"Redis refused: {reply}", transient=is_transient(reply))
