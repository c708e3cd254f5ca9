"""One worker process as its supervisor sees it.

- starts the process, and ends it
- reads the messages that it sends
- reports how it ended
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from kue.cli.worker.logs import LogOptions
from kue.cli.worker.serving import Stopping
from kue.cli.worker.signals import QUIET


class WorkerProcess:
    """A child process that imports the module itself. It stops gracefully when this process ends in any way."""

    def __init__(self, target: str, stopping: Stopping, logs: LogOptions, environment: Mapping[str, str]) -> None:
        self._socket, child_end = socket.socketpair()
        self._socket.setblocking(False)
        self._received = b""
        self._is_open = True
        unfinished = "requeue" if stopping.requeue else "fail"
        arguments = [target, str(child_end.fileno()), str(stopping.timeout), unfinished, *logs.words]
        with child_end, _blocked(QUIET):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kue.cli.worker.child", *arguments],
                stdin=subprocess.DEVNULL,
                pass_fds=[child_end.fileno()],
                env={**os.environ, **environment},
                # A group of its own, so that Ctrl-C reaches only the supervisor, which passes it on once.
                process_group=0,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def descriptors(self) -> list[int]:
        """The descriptor that is readable when there are messages; none once the process has closed its end."""
        return [self._socket.fileno()] if self._is_open else []

    def messages(self) -> list[dict[str, Any]]:
        """The messages that it has sent since the last call."""
        while self._is_open:
            try:
                data = self._socket.recv(65536)
            except BlockingIOError:
                break
            except ConnectionError:
                data = b""
            self._is_open = bool(data)
            self._received += data
        *lines, self._received = self._received.split(b"\n")
        return [json.loads(line) for line in lines]

    @property
    def exit_code(self) -> int | None:
        """The exit code: None while it runs, negative if a signal ended it."""
        return self._process.poll()

    def become_quiet(self) -> None:
        """Have it take no more jobs, even if it is still starting."""
        self._process.send_signal(QUIET)

    def terminate(self) -> None:
        """Ask it to stop gracefully."""
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def wait(self, timeout: float) -> int | None:
        """Wait at most `timeout` seconds for its end. Returns the exit code, or None if it still runs."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """Close the socket of a process that has ended."""
        self._is_open = False
        self._socket.close()


@contextlib.contextmanager
def _blocked(number: signal.Signals) -> Iterator[None]:
    """A block that starts a process in which a signal waits until the process is prepared for it."""
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def ending(exit_code: int) -> str:
    """Describe how a process with this exit code ended."""
    if exit_code >= 0:
        return f"ended with code {exit_code}"
    try:
        return f"was ended by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"was ended by signal {-exit_code}"
