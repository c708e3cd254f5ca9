"""Starts a network between the measured processes and the server that takes some milliseconds each way."""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import time
from typing import Self

from benchmarks.contestants import ROOT
from tests.processes import end, tied

PINGS = 200


class SlowNetwork:
    """A proxy process. What the proxy itself takes is taken off its delay, so that a PING takes what was asked for.

    `url` leads through it to the server. `round_trip` is what a PING takes, in ms.
    """

    def __init__(self, server_port: int, milliseconds: float) -> None:
        command = [sys.executable, "-m", "benchmarks.delay_proxy", str(server_port)]
        self._process = subprocess.Popen(tied(command), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.url = f"redis://127.0.0.1:{self.port}"
        self._set_delay(milliseconds)
        too_long = self._ping() / 2 - milliseconds
        self._set_delay(max(0.0, milliseconds - too_long))
        self.round_trip = self._ping()

    def _set_delay(self, milliseconds: float) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{milliseconds / 1000:.7f}\n".encode())
        self._process.stdin.flush()

    def _ping(self) -> float:
        """The ms that a PING takes, as the median of many."""
        times = []
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(PINGS):
                began = time.perf_counter()
                connection.sendall(b"PING\r\n")
                connection.recv(100)
                times.append(1000 * (time.perf_counter() - began))
        return statistics.median(times)

    def close(self) -> None:
        end(self._process)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
