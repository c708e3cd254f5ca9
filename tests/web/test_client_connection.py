"""What clients that send nothing, or half a request, can make of the server's connections: very little."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import anyio.to_thread
import pytest

from kue.web.client_connection import ClientConnection
from tests.helpers import wait_until
from tests.web.server import WebServer


class Quick(ClientConnection):
    receive_seconds = 0.2


class Few(ClientConnection):
    max_connections = 2


class App:
    """Answers every request at once, but for /wait, which needs a gate, and POST, which needs its whole body."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.waiting = self.posts = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/wait":
            self.waiting += 1
            await anyio.to_thread.run_sync(self.gate.wait)
        if scope["method"] == "POST":
            self.posts += 1
            while (await receive()).get("more_body"):
                pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def app() -> Iterator[App]:
    app = App()
    yield app
    app.gate.set()


def sent(web: WebServer, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", web.port), timeout=10)
    connection.sendall(data)
    return connection


def all_of(connection: socket.socket) -> bytes:
    """What comes until the server closes the connection. Raises `TimeoutError` if it does not."""
    with connection:
        try:
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except ConnectionResetError:
            return b""


def test_a_request_that_does_not_come_is_given_up_and_an_answer_may_take_longer(app: App) -> None:
    with WebServer(app, http=Quick, timeout_keep_alive=60) as web:
        slow = sent(web, b"GET /wait HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        for half in (b"", b"GET /", b"GET / HTTP/1.1\r\nHost: x\r\nX-"):
            assert all_of(sent(web, half)) == b""
        for length in (b"0", b"9"):
            again = sent(web, b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\n\r\n")
            assert again.recv(65536).startswith(b"HTTP/1.1 200")
            again.sendall(b"GET /")  # half of another request, or of the body that the answer did not wait for
            assert all_of(again) in (b"", b"ok")
        app.gate.set()
        assert all_of(slow).endswith(b"\r\n\r\nok")


def test_of_too_many_connections_the_one_is_closed_that_has_kept_the_server_waiting_longest(app: App) -> None:
    slow, quick = (b"GET /%b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path for path in (b"wait", b""))
    with WebServer(app, http=Few) as web:
        answering = [sent(web, slow)]
        wait_until(lambda: app.waiting == 1)
        silent = sent(web, b"")
        assert all_of(sent(web, quick)).endswith(b"ok")
        assert all_of(silent) == b""
        answering.append(sent(web, slow))
        wait_until(lambda: app.waiting == 2)
        assert all_of(sent(web, b"")) == b""
        app.gate.set()
        assert [all_of(each)[-2:] for each in answering] == [b"ok", b"ok"]


def test_a_connection_that_is_idle_after_an_answer_gives_its_place_to_a_new_one(app: App) -> None:
    with WebServer(app, http=Few) as web:
        idle = [sent(web, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(2)]
        for each in idle:
            assert each.recv(65536).startswith(b"HTTP/1.1 200")
        assert all_of(sent(web, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).endswith(b"ok")
        assert idle[0].recv(65536) in (b"", b"ok")
        for each in idle:
            each.close()


def test_a_server_that_stops_does_not_wait_for_the_rest_of_a_request(app: App) -> None:
    with WebServer(app, http=ClientConnection, timeout_graceful_shutdown=60) as web:
        half = sent(web, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        wait_until(lambda: app.posts)
    half.close()
