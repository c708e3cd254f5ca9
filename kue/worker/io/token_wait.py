"""Waits for tokens: a connection of its own with one BLPOP outstanding, which the I/O thread polls.

A connection without a socket (fakeredis) cannot be polled. Then no wait is outstanding, and the I/O thread checks the
queues more often instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from redis.exceptions import ResponseError

from kue.common.describe import short_repr
from kue.connection.connection import Command, Connection
from kue.connection.pool import BROKEN, ConnectionPool
from kue.connection.reply_text import add_to_text
from kue.store.commands import Commands

BLOCK_SECONDS = 2.0
_BLOCK_WITHOUT_RIGHTS_SECONDS = 0.25  # if the Redis user may not end a wait, which then ends soon by itself


class TokenWait:
    """One outstanding wait for tokens of several types. For the I/O thread."""

    def __init__(self, connections: ConnectionPool, commands: Commands) -> None:
        self._connections = connections
        self._commands = commands
        self.types: set[str] = set()  # those waited for; empty if no wait is outstanding
        self._by_key: dict[bytes, str] = {}
        self._turn = 0
        self.connection: Connection | None = None
        self._client_id: int | None = None  # None: the Redis user has no right to unblock

    def open(self) -> None:
        """Connect, unless connections have no socket. Raises `ConnectionFailed`."""
        connection = self._connections.open()
        if connection.socket is None:
            connection.close()
            return
        try:
            reply = connection.exchange([self._commands.client_id()])[0]
        except BROKEN as broken:
            connection.close()
            raise self._connections.lost(broken) from broken
        self._client_id = reply if isinstance(reply, int) else None
        self.connection = connection

    def wait_for(self, types: Iterable[str]) -> None:
        """Begin to wait. BLPOP serves its first key first, so that every wait begins with another type."""
        ordered = sorted(types)
        if self.connection is None or not ordered:
            return
        self._turn = (self._turn + 1) % len(ordered)
        ordered = ordered[self._turn :] + ordered[: self._turn]
        self.types = set(ordered)
        seconds = BLOCK_SECONDS if self._client_id is not None else _BLOCK_WITHOUT_RIGHTS_SECONDS
        command = self._commands.wait_for_token(ordered, seconds)
        self._by_key = {str(key).encode(): type for key, type in zip(command[1:-1], ordered, strict=True)}
        self.connection.send([command])

    def receive(self) -> tuple[set[str], str | None]:
        """Read the reply: the types that were waited for, and the one that a token came for (None: no token came).

        Raises `ResponseError` if Redis refused the wait.
        """
        assert self.connection is not None
        reply: Any = self.connection.read()
        waited, self.types = self.types, set()
        if isinstance(reply, ResponseError):  # Redis does not say which key it means
            add_to_text(reply, f" (waiting for {short_repr(sorted(self._by_key.values()))})")
            raise reply
        return waited, self._by_key[reply[0]] if reply else None

    def unblock(self) -> Command | None:
        """The command that ends the outstanding wait, for another connection to send. None: it ends soon by itself."""
        return None if self._client_id is None else self._commands.unblock(self._client_id)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None
        self.types = set()
