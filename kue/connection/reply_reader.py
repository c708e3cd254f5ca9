"""Reads replies off an open connection: hiredis straight from the socket, without redis-py's layers between."""

from __future__ import annotations

import builtins
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from hiredis import Reader
from redis.exceptions import ConnectionError, InvalidResponse, TimeoutError

from kue.connection.spin_wait import SpinWait

NOT_YET = object()
_AT_ONCE = 65_536  # bytes
_INSTANT = 0.001  # seconds; 0 would be an error to TLS


class ReplyReader:
    """The replies on one socket, in order; what Redis answers with an error is given as an exception, not raised.

    Raises `redis.ConnectionError`, also for answers that redis-py counts among these, and `redis.TimeoutError`.
    """

    def __init__(self, sock: socket.socket, error: Callable[[str], Exception]) -> None:
        self._socket = sock
        self._reader = Reader(protocolError=InvalidResponse, replyError=error, notEnoughData=NOT_YET)
        self._spin = SpinWait(sock)
        self.heard_at = time.monotonic()

    def next(self) -> Any:
        """The next reply, waiting for it."""
        reply = self._reader.gets()
        if reply is NOT_YET:
            self._spin.wait()
            while reply is NOT_YET:
                self._receive()
                reply = self._reader.gets()
        return _judged(reply)

    def arrived(self) -> Any:
        """The next reply, or `NOT_YET` where it has not come as a whole."""
        reply = self._reader.gets()
        if reply is NOT_YET and (self.holds_read_ahead or self._spin.sees_something):
            if isinstance(self._socket, ssl.SSLSocket):  # whose records come whole or not at all
                self._socket.settimeout(_INSTANT)
            try:
                self._receive()
            except TimeoutError:
                return NOT_YET
            reply = self._reader.gets()
        return _judged(reply)

    @property
    def holds_read_ahead(self) -> bool:
        """Whether bytes were read from the network that a selector will not tell of (TLS decrypts whole records)."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def _receive(self) -> None:
        try:
            received = self._socket.recv(_AT_ONCE)
        except builtins.TimeoutError as late:  # TimeoutError is redis-py's here
            raise TimeoutError("Timeout reading from socket") from late
        except OSError as broken:
            raise ConnectionError(f"Error while reading from socket: {broken}") from broken
        if not received:
            raise ConnectionError("Connection closed by server.")
        self.heard_at = time.monotonic()
        self._reader.feed(received)


def _judged(reply: Any) -> Any:
    if isinstance(reply, ConnectionError):
        raise reply
    return reply
