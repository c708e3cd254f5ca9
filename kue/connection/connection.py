"""One connection to Redis, for one thread at a time: sends commands, reads replies, and has a socket to wait on.

It uses redis-py's connection without its retries, because only the caller knows whether a command that was cut off may
be repeated. `ReplyReader` reads the replies if there is a socket.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any

from redis.connection import AbstractConnection
from redis.exceptions import ResponseError

from kue.connection.packing import Argument, Command, packer
from kue.connection.reply_reader import NOT_YET, ReplyReader
from kue.connection.reply_text import keeping_text
from kue.connection.server_clock import ServerClock

__all__ = ["Argument", "Command", "Connection"]

_ASK_TIME: Command = ("TIME",)
_MAX_BYTES_PER_SEND = 16_000
_DISCARD = struct.pack("ii", 1, 0)  # the socket option: when it is closed, spend 0 seconds on what is unsent


class Connection:
    """A connection that opens at its first use. Once it broke, it is never opened again.

    `connect` makes redis-py's connection, `on_close` is called with this one whenever it is closed. `server_clock`
    takes a reading with the next exchange if `asks_time` is set.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractConnection],
        on_close: Callable[[Connection], object] | None = None,
        server_clock: ServerClock | None = None,
    ) -> None:
        self._connect = connect
        self._on_close = on_close
        self._server_clock = server_clock
        self.asks_time = False
        self._connection: AbstractConnection | None = None
        self._replies: ReplyReader | None = None
        self.opened = False
        self.idle_since = 0.0  # by the clock of the pool

    def open(self) -> None:
        """Connect, unless that was done before. Raises `redis.ConnectionError` or `redis.TimeoutError`."""
        if not self.opened:
            self._connection = connection = self._connect()
            connection.connect()
            if self.socket is not None:
                self._replies = ReplyReader(self.socket, keeping_text(connection._parser.parse_error))
            self.opened = True

    def send(self, commands: Sequence[Command]) -> None:
        """Send commands without reading their replies."""
        if not self.opened:
            self.open()
        connection = self._connection
        assert connection is not None
        packed: list[bytes] = []
        size = 0
        for data in map(packer(), commands):
            packed.append(data)
            size += len(data)
            if size > _MAX_BYTES_PER_SEND:  # Redis works on these while the rest is packed
                connection.send_packed_command([b"".join(packed)], check_health=False)
                packed, size = [], 0
        if packed:
            connection.send_packed_command([b"".join(packed)], check_health=False)

    def read(self) -> Any:
        """Wait for the next reply. If Redis answers with an error, it is returned, not raised."""
        if self._replies is not None:
            return self._replies.next()
        assert self._connection is not None
        try:
            return self._connection.read_response()
        except ResponseError as refused:
            return refused

    def read_if_complete(self) -> Any:
        """Like `read`, but `NOT_YET` if the next reply has not arrived as a whole. Does not wait."""
        if self._replies is not None:
            return self._replies.next_if_complete()
        assert self._connection is not None
        return self.read() if self._connection.can_read(0) else NOT_YET

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands and read all their replies: one round trip."""
        if self.asks_time and self._server_clock is not None:
            self.asks_time = False
            self.open()
            self._server_clock.read(lambda: self.send([_ASK_TIME, *commands]), self.read)
        else:
            self.send(commands)
        return [self.read() for _ in commands]

    @property
    def holds_read_ahead(self) -> bool:
        """Whether there is something to read that a selector does not report."""
        return self._replies is not None and self._replies.holds_read_ahead

    @property
    def received_at(self) -> float | None:
        """When something was received last, in seconds of the monotonic clock; None without a socket."""
        return None if self._replies is None else self._replies.received_at

    @property
    def timeout(self) -> float | None:
        """The seconds that `read` waits for something to come; None: without an end, or there is no socket."""
        return None if self.socket is None else self.socket.gettimeout()

    @property
    def socket(self) -> socket.socket | None:
        """The socket to select on; None if there is none (fakeredis)."""
        found = getattr(self._connection, "_sock", None)
        return found if isinstance(found, socket.socket) else None

    def is_stale(self) -> bool:
        """Whether the server has closed this idle connection, or has sent something that was not asked for."""
        return self._replies is not None and self._replies.is_readable

    def abort(self) -> None:
        """Close a broken connection: what was sent and has not left this machine is never delivered.

        Otherwise the kernel would go on trying for minutes, and might deliver a command long after it was given up.
        """
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD)
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.disconnect()
        if self._on_close is not None:
            self._on_close(self)
