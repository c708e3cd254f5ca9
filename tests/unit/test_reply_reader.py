"""Replies read off a socket: whole or in pieces, errors among them, and what ends the connection."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis.connection import Connection
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,
    InvalidResponse,
    ReadOnlyError,
    ResponseError,
    TimeoutError,
)

from kue.connection.reply_reader import NOT_YET, ReplyReader


class Wire:
    """A socket that is read, and its other end."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.settimeout(0.05)
        self.replies = ReplyReader(self.near, Connection()._parser.parse_error)

    def comes(self, raw: bytes) -> None:
        self.far.sendall(raw)


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    with wire.near, wire.far:
        yield wire


def test_replies_are_read_one_after_another(wire: Wire) -> None:
    wire.comes(b"+OK\r\n:7\r\n*2\r\n$1\r\na\r\n$-1\r\n")
    assert [wire.replies.next() for _ in range(3)] == [b"OK", 7, [b"a", None]]


def test_a_reply_that_comes_in_pieces_is_read_as_a_whole(wire: Wire) -> None:
    for piece in (b"", b"$5\r\n", b"he", b"llo\r"):
        wire.comes(piece)
        assert wire.replies.next_if_complete() is NOT_YET
    wire.comes(b"\n+OK\r\n")
    assert wire.replies.next_if_complete() == b"hello"
    assert wire.replies.next_if_complete() == b"OK"
    assert wire.replies.next_if_complete() is NOT_YET


def test_a_reply_larger_than_one_read_is_read_as_a_whole(wire: Wire) -> None:
    wire.comes(b"$100000\r\n" + 100_000 * b"x" + b"\r\n")
    assert wire.replies.next() == 100_000 * b"x"


@pytest.mark.parametrize("read", [ReplyReader.next, ReplyReader.next_if_complete])
def test_an_error_reply_is_returned_and_not_raised(wire: Wire, read: Callable[[ReplyReader], Any]) -> None:
    wire.comes(b"-WRONGTYPE not a list\r\n-READONLY cannot write\r\n*1\r\n-ERR no\r\n")
    first, second, third = (read(wire.replies) for _ in range(3))
    assert (type(first), str(first)) == (ResponseError, "WRONGTYPE not a list")
    assert (type(second), str(second)) == (ReadOnlyError, "cannot write")
    assert isinstance(third[0], ResponseError)


def test_an_error_that_redis_py_takes_for_a_broken_connection_is_raised(wire: Wire) -> None:
    wire.comes(b"-LOADING Redis is loading the dataset in memory\r\n")
    with pytest.raises(BusyLoadingError):
        wire.replies.next()


def test_a_reply_that_does_not_come_in_time_is_a_timeout(wire: Wire) -> None:
    with pytest.raises(TimeoutError, match="Timeout reading"):
        wire.replies.next()


@pytest.mark.parametrize("read", [ReplyReader.next, ReplyReader.next_if_complete])
def test_a_connection_that_the_other_side_closed_is_an_error(wire: Wire, read: Callable[[ReplyReader], Any]) -> None:
    wire.far.close()
    with pytest.raises(ConnectionError, match="closed by server"):
        read(wire.replies)


def test_a_closed_socket_is_an_error(wire: Wire) -> None:
    wire.near.close()
    with pytest.raises(ConnectionError, match="Error while reading"):
        wire.replies.next()


def test_bytes_that_are_no_reply_are_an_error(wire: Wire) -> None:
    wire.comes(b"HTTP/1.1 400 Bad Request\r\n")
    with pytest.raises(InvalidResponse):
        wire.replies.next()
