"""A TCP proxy in a process of its own that delays what passes, in each direction, and does not limit how much passes.

    python -m benchmarks.delay_proxy <port of the server>

It listens on a free port of loopback and prints the port. Each line on its standard input sets the delay in seconds,
and it ends when the input does. Bytes are delivered in the order in which they came. Connecting is not delayed.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

MAX_BYTES_PER_READ = 1 << 18
PRIORITY = 10  # of the processes that the kernel runs before all ordinary ones
TIMER_SLACK = Path("/proc/self/timerslack_ns")  # how much later than asked the kernel may wake this process


class Direction:
    """Half of a connection: what comes from one socket goes to another."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self.source = source
        self.target = target
        self.has_ended = False
        self.unsent = bytearray()  # is due, and waits until the target has room

    def deliver(self, data: bytes) -> None:
        """Send what is due. No bytes mean that the source has ended."""
        self.has_ended = self.has_ended or not data
        self.unsent += data
        self.flush()

    def flush(self) -> None:
        """Send as much as the target has room for."""
        try:
            while self.unsent:
                del self.unsent[: self.target.send(self.unsent)]
        except BlockingIOError:
            return
        except OSError:  # the target is gone
            self.unsent.clear()
        if self.has_ended:
            with suppress(OSError):
                self.target.shutdown(socket.SHUT_WR)


class Proxy:
    """Passes everything on to a port of loopback, `delay` seconds later."""

    def __init__(self, server_port: int) -> None:
        self.delay = 0.0
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self.port: int = self._listener.getsockname()[1]
        self._poll = select.epoll()
        self._poll.register(0, select.EPOLLIN)
        self._poll.register(self._listener, select.EPOLLIN)
        self._directions: dict[int, Direction] = {}  # by the descriptor of the source
        self._on_their_way: deque[tuple[float, Direction, bytes]] = deque()  # the oldest is due first
        self._blocked: list[Direction] = []  # whose target had no room

    def run(self) -> None:
        """Serve until standard input ends."""
        on_the_way, monotonic = self._on_their_way, time.monotonic
        while True:
            wait = max(0.0, on_the_way[0][0] - monotonic()) if on_the_way else None
            # `select` waits for microseconds, `epoll` for whole milliseconds. So one watches the other.
            readable, _, _ = select.select([self._poll], [direction.target for direction in self._blocked], [], wait)
            blocked, self._blocked = self._blocked, []
            for direction in blocked:
                direction.flush()
                self._sent(direction)
            while on_the_way and on_the_way[0][0] <= monotonic():
                _, direction, data = on_the_way.popleft()
                direction.deliver(data)
                self._sent(direction)
            if readable and not self._read_all():
                return

    def _read_all(self) -> bool:
        """Read all there is. False if standard input has ended."""
        for descriptor, _ in self._poll.poll(0):
            if descriptor == 0:
                line = os.read(0, 100)
                if not line:
                    return False
                self.delay = float(line)
            elif descriptor == self._listener.fileno():
                self._accept()
            else:
                self._read(self._directions[descriptor])
        return True

    def _read(self, direction: Direction) -> None:
        try:
            data = direction.source.recv(MAX_BYTES_PER_READ)
        except OSError:
            data = b""
        if not data:
            self._poll.unregister(direction.source)
        self._on_their_way.append((time.monotonic() + self.delay, direction, data))

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port))
        except OSError:
            client.close()
            return
        for source, target in ((client, server), (server, client)):
            source.setblocking(False)
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._directions[source.fileno()] = Direction(source, target)
            self._poll.register(source, select.EPOLLIN)

    def _sent(self, direction: Direction) -> None:
        """Note what could not be sent. Close both sockets of a connection once both have ended."""
        if direction.unsent:
            if direction not in self._blocked:
                self._blocked.append(direction)
        elif direction.has_ended:
            other = self._directions[direction.target.fileno()]
            if other.has_ended and not other.unsent:
                for one in (direction, other):
                    del self._directions[one.source.fileno()]
                    one.source.close()


def main() -> None:
    with suppress(OSError):
        TIMER_SLACK.write_text("1")
    with suppress(OSError):  # a network does not wait for a processor; only root may ask for that
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
    proxy = Proxy(int(sys.argv[1]))
    print(proxy.port, flush=True)
    proxy.run()


if __name__ == "__main__":
    main()
