"""Reads replies from the socket of an open connection with hiredis, past the slower layers of redis-py."""

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
_MAX_BYTES_PER_READ = 65_536
_TLS_READ_SECONDS = 0.001  # with 0, TLS would raise an error of another class


class ReplyReader:
    """The replies on one socket, in order. An error reply is returned as an exception, not raised.

    Raises `redis.TimeoutError` and `redis.ConnectionError`, the latter also for error replies that redis-py makes a
    `ConnectionError` of.
    """

    def __init__(self, sock: socket.socket, error: Callable[[str], Exception]) -> None:
        self._socket = sock
        self._reader = Reader(protocolError=InvalidResponse, replyError=error, notEnoughData=NOT_YET)
        self._spin = SpinWait(sock)
        self.received_at = time.monotonic()

    def next(self) -> Any:
        """Wait for the next reply."""
        reply = self._reader.gets()
        if reply is NOT_YET:
            self._spin.wait()
            while reply is NOT_YET:
                self._receive()
                reply = self._reader.gets()
        return _raise_if_broken(reply)

    def next_if_complete(self) -> Any:
        """The next reply, or `NOT_YET` if it has not arrived as a whole. Does not wait."""
        reply = self._reader.gets()
        if reply is NOT_YET and (self.holds_read_ahead or self._spin.is_readable):
            if not self._received_without_waiting():
                return NOT_YET
            reply = self._reader.gets()
        return _raise_if_broken(reply)

    @property
    def is_readable(self) -> bool:
        """Whether there is something to receive now, or the connection has ended."""
        return self._spin.is_readable

    @property
    def holds_read_ahead(self) -> bool:
        """Whether TLS has decrypted bytes that were not read yet. A selector does not report them."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def _received_without_waiting(self) -> bool:
        if not isinstance(self._socket, ssl.SSLSocket):
            self._receive()
            return True
        timeout = self._socket.gettimeout()
        self._socket.settimeout(_TLS_READ_SECONDS)  # TLS decrypts whole records only, so it may have nothing yet
        try:
            self._receive()
        except TimeoutError:
            return False
        finally:
            self._socket.settimeout(timeout)
        return True

    def _receive(self) -> None:
        try:
            received = self._socket.recv(_MAX_BYTES_PER_READ)
        except builtins.TimeoutError as late:  # the plain name is redis-py's class here
            raise TimeoutError("Timeout reading from socket") from late
        except OSError as broken:
            raise ConnectionError(f"Error while reading from socket: {broken}") from broken
        if not received:
            raise ConnectionError("Connection closed by server.")
        self.received_at = time.monotonic()
        self._reader.feed(received)


def _raise_if_broken(reply: Any) -> Any:
    if isinstance(reply, ConnectionError):
        raise reply
    return reply
