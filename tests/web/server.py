"""Serves an ASGI app on a free port, and sends plain HTTP requests to any server."""

import http.client
import json
import socket
import threading
from collections.abc import Iterable
from typing import Any, NamedTuple, Self

import uvicorn

from tests.helpers import wait_until
from tests.web.described import check

JSON = ("Content-Type", "application/json")
Headers = Iterable[tuple[str, str]]


class Answer(NamedTuple):
    """What a server answered. Header names are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Sends requests to a port of this machine, with the address and the headers exactly as they are given.

    `source` is its own address, which on Linux may be any that begins with 127.
    """

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self.port, self.source = port, source

    def ask(self, method: str, path: str, headers: Headers = (), body: bytes | None = None) -> Answer:
        headers = list(headers)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30, source_address=(self.source, 0))
        try:
            has_host = any(name.lower() == "host" for name, _ in headers)
            connection.putrequest(method, path, skip_host=has_host, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            found = Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
            check(method, path, found.status, found.type, found.body)
            return found
        finally:
            connection.close()

    def get(self, path: str, *headers: tuple[str, str]) -> Answer:
        return self.ask("GET", path, headers)

    def post(self, path: str, value: Any, *headers: tuple[str, str]) -> Answer:
        return self.ask("POST", path, [JSON, *headers], json.dumps(value).encode())


class WebServer(Client):
    """An ASGI app, served by uvicorn on a thread."""

    def __init__(self, app: Any, **options: Any) -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        # asyncio sets it for sockets that it makes itself. Without it, each answer to a client that stays takes 40 ms.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(listening.getsockname()[1])
        config = uvicorn.Config(app, **{"log_level": "warning", "timeout_graceful_shutdown": 3, **options})
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(lambda: self._server.started)
        return self

    @property
    def connections(self) -> int:
        return len(self._server.server_state.connections)

    def signal(self, number: int) -> None:
        """As if the process got a signal while this server runs on its main thread."""
        self._server.handle_exit(number, None)

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive()


def not_reading(port: int, path: str) -> socket.socket:
    """Ask for something. The buffer for the answer is as small as can be."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(10)
    client.connect(("127.0.0.1", port))
    client.sendall(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode())
    return client
