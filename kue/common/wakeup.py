"""Wakes a thread that waits in a selector, with a pair of sockets."""

from __future__ import annotations

import contextlib
import socket

_MAX_BYTES_PER_READ = 4096


class Wakeup:
    """`wake`, from any thread, makes `fileno` readable until `clear`."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        return self._reader.fileno()

    def wake(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            self._writer.send(b"\0")

    def clear(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            while len(self._reader.recv(_MAX_BYTES_PER_READ)) == _MAX_BYTES_PER_READ:
                pass

    def close(self) -> None:
        self._reader.close()
        self._writer.close()
