"""One worker process as its supervisor sees it: started afresh, heard, ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from kue.cli.worker.serving import Stopping


class WorkerProcess:
    """A child that imports the module by itself. When this process ends, in whatever way, it stops gracefully."""

    def __init__(self, target: str, stopping: Stopping, environment: Mapping[str, str]) -> None:
        self._link, theirs = socket.socketpair()
        self._link.setblocking(False)
        self._heard = b""
        self._open = True
        fate = "requeue" if stopping.requeue else "fail"
        words = [target, str(theirs.fileno()), str(stopping.timeout), fate]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kue.cli.worker.child", *words],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **environment},
                # Ctrl-C is for the supervisor, which passes it on once.
                process_group=0,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def descriptors(self) -> list[int]:
        """What is readable when there is news; nothing once it has closed its end."""
        return [self._link.fileno()] if self._open else []

    def news(self) -> list[dict[str, Any]]:
        """What it has said since the last look."""
        while self._open:
            try:
                data = self._link.recv(65536)
            except BlockingIOError:
                break
            except ConnectionError:
                data = b""
            self._open = bool(data)
            self._heard += data
        *lines, self._heard = self._heard.split(b"\n")
        return [json.loads(line) for line in lines]

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative where a signal ended it."""
        return self._process.poll()

    def terminate(self) -> None:
        """Ask it to stop gracefully."""
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def wait(self, timeout: float) -> int | None:
        """Its exit code; None where it still runs after so many seconds."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """Forget it; it has ended."""
        self._open = False
        self._link.close()


def ending(exit_code: int) -> str:
    """How a process ended, in words."""
    if exit_code >= 0:
        return f"ended with code {exit_code}"
    try:
        return f"was ended by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"was ended by signal {-exit_code}"
