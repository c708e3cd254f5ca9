"""A message of which only a part has come delays no timer, and is heard once the rest has come."""

import itertools
import socket
import threading
from collections.abc import Iterator

import pytest

from kue.common.error_reporter import ErrorReporter
from kue.connection.address import resolve
from kue.connection.pool import ConnectionPool
from kue.events.subscriber import Subscriber
from kue.store.commands import Commands
from kue.store.keys import Keys
from tests.helpers import wait_until


def message(text: bytes) -> bytes:
    return b"*3\r\n$7\r\nmessage\r\n$8\r\nq:events\r\n$%d\r\n%s\r\n" % (len(text), text)


class Scripted:
    """A server of one client, which it welcomes; then it sends what the test tells it to."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}"
        self._subscribed = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        self.peer, _ = self._listener.accept()
        while request := self.peer.recv(65536):
            if b"SUBSCRIBE" in request:
                self.peer.sendall(b"*3\r\n$9\r\nsubscribe\r\n$8\r\nq:events\r\n:1\r\n")
            elif b"PING" in request:
                self.peer.sendall(b"*2\r\n$4\r\npong\r\n$7\r\nthe end\r\n")
            else:
                self.peer.sendall(b"+OK\r\n" * request.count(b"CLIENT"))

    def send(self, data: bytes) -> None:
        self.peer.sendall(data)

    def close(self) -> None:
        self._thread.join()
        self.peer.close()
        self._listener.close()


@pytest.fixture
def server() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


def test_timers_run_while_a_message_is_on_its_way(no_leaks: None, server: Scripted) -> None:
    heard: list[bytes] = []
    told: list[BaseException] = []
    subscriber = Subscriber(
        ConnectionPool(resolve(server.url)), Commands(Keys("q")), ErrorReporter(told.append), heard.append, lambda: None
    )
    subscriber.ensure()
    long = b"x" * 200_000
    whole = message(b"one") + message(long) + message(b"three")
    cuts = (0, 100, 101, 150_000, len(whole) - 3, len(whole))
    for begin, end in itertools.pairwise(cuts):
        server.send(whole[begin:end])
        wait_until(lambda: heard)
        ran = threading.Event()
        subscriber.call_later(0.01, ran.set)
        assert ran.wait(2), "before, it took as long as the rest of the message"
    wait_until(lambda: len(heard) == 3)
    assert heard == [b"one", long, b"three"]
    subscriber.stop()
    assert told == []
