"""Connections that listen to the events of a queue and discard them. They stand for other processes."""

from __future__ import annotations

import resource
import selectors
import socket
import threading
from urllib.parse import urlsplit

from benchmarks.drivers.driver import Adapter, serve


class Listeners(Adapter):
    def work(self, slots: int) -> None:
        """Subscribe `slots` connections."""
        _allow_files(slots + 100)
        address = urlsplit(self.url)
        selector = selectors.DefaultSelector()
        for _ in range(slots):
            connection = socket.create_connection((address.hostname, address.port))
            connection.sendall(b"SUBSCRIBE q:events\r\n")
            connection.recv(1000)
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ, connection)
        threading.Thread(target=_discard, args=(selector,), daemon=True).start()


def _allow_files(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(number, hard), hard))


def _discard(selector: selectors.BaseSelector) -> None:
    buffer = bytearray(1 << 20)
    while True:
        for key, _ in selector.select():
            key.data.recv_into(buffer)


if __name__ == "__main__":
    serve(Listeners)
