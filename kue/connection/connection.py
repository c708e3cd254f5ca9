"""One connection to Redis, used by one thread at a time: commands out, replies in, and a file number to wait on.

It is redis-py's own connection with its retries off: what was cut off is for the caller to judge, not to repeat. Of
real connections the replies are read by `Replies`.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Sequence
from typing import Any, cast

from hiredis import pack_command
from redis.connection import AbstractConnection
from redis.exceptions import ResponseError

from kue.connection.reply_reader import NOT_YET, ReplyReader

Argument = str | bytes | int | float
Command = tuple[Argument, ...]
_PORTION = 16_000


class Connection:
    """A connection that is opened at its first use, and never again once it broke."""

    def __init__(self, open_connection: Callable[[], AbstractConnection]) -> None:
        self._connection = open_connection()
        self._replies: ReplyReader | None = None
        self.opened = False

    def open(self) -> None:
        """Connect, if not yet done. Raises `redis.ConnectionError` or `redis.TimeoutError`."""
        if not self.opened:
            self._connection.connect()
            if self.socket is not None:
                self._replies = ReplyReader(self.socket, self._connection._parser.parse_error)
            self.opened = True

    def send(self, commands: Sequence[Command]) -> None:
        """Send commands without reading their replies."""
        if not self.opened:
            self.open()
        connection = self._connection
        packed: list[bytes] = []
        size = 0
        for command in commands:
            packed.append(pack_command(cast("tuple[Any]", command)))  # its types know commands of one word only
            size += len(packed[-1])
            if size > _PORTION:  # Redis works on it while the rest is packed
                connection.send_packed_command([b"".join(packed)], check_health=False)
                packed, size = [], 0
        if packed:
            connection.send_packed_command([b"".join(packed)], check_health=False)

    def read(self) -> Any:
        """The next reply, waiting for it; an error that Redis answers is returned, not raised."""
        if self._replies is not None:
            return self._replies.next()
        try:
            return self._connection.read_response()
        except ResponseError as refused:
            return refused

    def read_whole(self) -> Any:
        """As `read`, but `NOT_YET` where the next reply has not come, or only a part of it."""
        if self._replies is not None:
            return self._replies.arrived()
        return self.read() if self._connection.can_read(0) else NOT_YET

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands and read all their replies: one round trip."""
        self.send(commands)
        return [self.read() for _ in commands]

    @property
    def holds_read_ahead(self) -> bool:
        """Whether there is something to read that a selector will not tell of."""
        return self._replies is not None and self._replies.holds_read_ahead

    @property
    def heard_at(self) -> float | None:
        """When something was read last, in seconds of the monotonic clock; None where nobody tells."""
        return None if self._replies is None else self._replies.heard_at

    @property
    def socket(self) -> socket.socket | None:
        """What to select on; None where there is no socket (fakeredis)."""
        found = getattr(self._connection, "_sock", None)
        return found if isinstance(found, socket.socket) else None

    def is_stale(self) -> bool:
        """Whether an idle connection was closed by the other side, or holds what nobody asked for."""
        sock = self.socket
        if sock is None:
            return False
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        self._connection.disconnect()
