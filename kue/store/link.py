"""One connection to Redis, used by one thread at a time: commands out, replies in, and a file number to wait on.

It is redis-py's own connection with its retries off: what was cut off is for the caller to judge, not to repeat.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Any, cast

from hiredis import pack_command
from redis.connection import AbstractConnection
from redis.exceptions import ResponseError, TimeoutError

from kue.store.spin import Spin

Argument = str | bytes | int | float
Command = tuple[Argument, ...]
NOT_YET = object()
_INSTANT = 0.001  # 0 would be an error to redis-py
_PORTION = 16_000


class Link:
    """A connection that is opened at its first use, and never again once it broke."""

    def __init__(self, open_connection: Callable[[], AbstractConnection]) -> None:
        self._connection = open_connection()
        self._spin: Spin | None = None
        self._awaits_reply = False
        self.opened = False

    def open(self) -> None:
        """Connect, if not yet done. Raises `redis.ConnectionError` or `redis.TimeoutError`."""
        if not self.opened:
            self._connection.connect()
            self._spin = None if self.socket is None else Spin(self.socket)
            self.opened = True

    def send(self, commands: Sequence[Command]) -> None:
        """Send commands without reading their replies."""
        if not self.opened:
            self.open()
        self._awaits_reply = True
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
        if self._awaits_reply:
            self._awaits_reply = False
            if self._spin is not None:
                self._spin.wait()
        try:
            return self._connection.read_response()
        except ResponseError as refused:
            return refused

    def read_whole(self) -> Any:
        """As `read`, but `NOT_YET` where only a part of the next reply has come; it is kept for the next call."""
        sock = self.socket
        if sock is None:
            return self.read()
        if sock.gettimeout() != _INSTANT:  # some versions of redis-py set it anew
            sock.settimeout(_INSTANT)
        try:
            return self._connection.read_response(disconnect_on_error=False)
        except ResponseError as refused:
            return refused
        except TimeoutError:
            return NOT_YET

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands and read all their replies: one round trip."""
        self.send(commands)
        return [self.read() for _ in commands]

    def has_buffered(self) -> bool:
        """Whether a reply can be read without waiting, also where a selector would not see it (TLS, a full buffer)."""
        return bool(self._connection.can_read(0))

    @property
    def holds_read_ahead(self) -> bool:
        """Whether bytes were read from the network that a selector will not tell of (TLS decrypts whole records)."""
        sock = self.socket
        return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0

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
