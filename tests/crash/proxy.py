"""A network that fails on demand: a TCP proxy between a client and a server.

    with Proxy(server.port) as proxy:
        loss = proxy.lose_reply(b"INCR")   # the next request with these bytes arrives, its reply does not
        ...
        assert loss.is_set()

Threads pump the bytes, two for each connection. What a stalled connection holds back is delivered after `resume`, as
TCP does once packets get through again; what a stranded one holds is never delivered, and nothing closes it. With
`delay`, what has come is delivered so many seconds later.
"""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self

_CHUNK = 1 << 16
_RESET = struct.pack("ii", 1, 0)


@dataclass
class Loss:
    """Something to be lost once: the request with this mark, or the reply to it."""

    mark: bytes
    forwards: bool
    event: threading.Event = field(default_factory=threading.Event)
    _delivery: threading.Event | None = None

    def is_set(self) -> bool:
        """Whether it has been lost."""
        return self.event.is_set()

    def wait_for_delivery(self) -> None:
        """Hold up what is only late."""
        if self._delivery is not None:
            self.event.set()
            self._delivery.wait()

    def deliver(self) -> None:
        """Let what is late arrive after all."""
        if self._delivery is not None:
            self._delivery.set()

    @classmethod
    def late(cls, mark: bytes) -> "Loss":
        return cls(mark, True, _delivery=threading.Event())


class Connection:
    """One client's connection, and ours to the server for it."""

    def __init__(self, client: socket.socket, server: socket.socket, arrived: Callable[["Connection", bytes], bool]):
        self.client = client
        self.server = server
        self.swallows: Loss | None = None
        self.stranded = False
        self._arrived = arrived
        self._seen = b""

    def has_seen(self, mark: bytes) -> bool:
        """Whether the last bytes of its requests have a mark in them."""
        return mark in self._seen

    def up(self, hold: Callable[["Connection"], bool]) -> None:
        """Requests, until either side ends."""
        for data in _received(self.client):
            if not hold(self):
                return
            self._seen = self._seen[-128:] + data
            if not self._arrived(self, self._seen):
                return self.cut()
            if self.swallows is not None:
                self._seen = b""
            with contextlib.suppress(OSError):
                self.server.sendall(data)
        self.close()

    def down(self, hold: Callable[["Connection"], bool]) -> None:
        """Replies, until either side ends."""
        for data in _received(self.server):
            if not hold(self):
                return
            if self.swallows is not None:
                self.swallows.event.set()
                return self.cut()
            with contextlib.suppress(OSError):
                self.client.sendall(data)
        self.close()

    def cut(self) -> None:
        """End it with a reset."""
        with contextlib.suppress(OSError):
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close()

    def close(self) -> None:
        if self.stranded:
            return
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Give the sockets back, once the threads are done with them."""
        self.client.close()
        self.server.close()


class Proxy:
    """Listens on a free loopback port and passes everything on to `target`, another one."""

    def __init__(self, target: int, delay: float = 0.0) -> None:
        self._target = target
        self._delay = delay
        self._lock = threading.Lock()
        self._connections: list[Connection] = []
        self._threads: list[threading.Thread] = []
        self._losses: list[Loss] = []
        self._taken: list[Loss] = []
        self._flowing = threading.Event()
        self._flowing.set()
        self._answering = threading.Event()
        self._answering.set()
        self._closed = False
        self.port = 0
        self.admit()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections it has taken so far."""
        return len(self._connections)

    # --- what can go wrong ---

    def cut(self) -> None:
        """Reset every connection there is."""
        for connection in self._all():
            connection.cut()

    def refuse(self) -> None:
        """Refuse new connections until `admit`."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def admit(self) -> None:
        """Take new connections."""
        self._listener: socket.socket | None = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    def stall(self) -> None:
        """Let nothing through, in either direction, on old connections and new, until `resume`."""
        self._flowing.clear()

    def stall_replies(self) -> None:
        """Let no reply through, on old connections and new, until `resume`. Requests reach the server."""
        self._answering.clear()

    def resume(self) -> None:
        self._flowing.set()
        self._answering.set()

    def strand(self, mark: bytes = b"") -> int:
        """Let nothing through any more on the connections there are, and never end them; new ones are served.

        With `mark` only on those whose last requests have it in them. Returns how many these are.
        """
        stranded = [connection for connection in self._all() if connection.has_seen(mark)]
        for connection in stranded:
            connection.stranded = True
        return len(stranded)

    def lose_reply(self, mark: bytes) -> Loss:
        """The next request with `mark` in it reaches the server; once it is carried out, its connection is reset."""
        return self._lose(Loss(mark, forwards=True))

    def lose_request(self, mark: bytes) -> Loss:
        """The connection of the next request with `mark` in it is reset before the server gets it."""
        return self._lose(Loss(mark, forwards=False))

    def delay_request(self, mark: bytes) -> Loss:
        """The next request with `mark` in it reaches the server only once `deliver` is called on what this returns."""
        return self._lose(Loss.late(mark))

    # --- its life ---

    def close(self) -> None:
        self._closed = True
        self.refuse()
        for connection in self._all():
            connection.stranded = False
            connection.close()
        self.resume()
        for loss in self._taken:
            loss.deliver()
        for thread in self._threads:
            thread.join()
        for connection in self._all():
            connection.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- how it works ---

    def _all(self) -> list[Connection]:
        with self._lock:
            return list(self._connections)

    def _lose(self, loss: Loss) -> Loss:
        with self._lock:
            self._losses.append(loss)
        return loss

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, name="proxy", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    client.close()
                    continue
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = Connection(client, server, self._arrived)
                with self._lock:
                    self._connections.append(connection)
                self._start(connection.up, self._hold)
                self._start(connection.down, self._hold_reply)

    def _hold_reply(self, connection: Connection) -> bool:
        """As `_hold`, for a reply."""
        self._answering.wait()
        return self._hold(connection)

    def _hold(self, connection: Connection) -> bool:
        """Wait while nothing may pass; False where nothing ever will."""
        time.sleep(self._delay)
        self._flowing.wait()
        return not connection.stranded and not self._closed

    def _arrived(self, connection: Connection, data: bytes) -> bool:
        """A request has come; False where it is to be lost."""
        with self._lock:
            loss = next((loss for loss in self._losses if loss.mark in data), None)
            if loss is None:
                return True
            self._losses.remove(loss)
            self._taken.append(loss)
        loss.wait_for_delivery()
        if loss.forwards:
            connection.swallows = loss
            return True
        loss.event.set()
        return False


def _received(end: socket.socket) -> Iterator[bytes]:
    with contextlib.suppress(OSError):
        while data := end.recv(_CHUNK):
            yield data
