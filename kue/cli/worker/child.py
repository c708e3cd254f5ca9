"""One of several worker processes: it reports to its supervisor, and stops when that one says so or is gone.

Run as `python -m kue.cli.worker.child TARGET DESCRIPTOR SECONDS requeue|fail`. The descriptor is its end of a socket
pair: it says there in one line of JSON that it is ready, or why it is not, and hears there the end of its supervisor.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from typing import Any

from kue.cli.console import CommandError
from kue.cli.worker.locate import find_queue
from kue.cli.worker.serving import AT_ONCE, Serving, Stopping, stop_all
from kue.cli.worker.signals import Signals

_LOOK_SECONDS = 0.5


def serve(target: str, supervisor: socket.socket, stopping: Stopping) -> int:
    """Serve until a signal or the end of the supervisor; the exit code."""
    # Leaving at once is the supervisor's to decide: a service manager may signal every process of a service.
    with Signals(again=lambda number: None) as signals:
        try:
            queue = find_queue(target)
        except CommandError as problem:
            stop_all(AT_ONCE)
            _tell(supervisor, {"error": str(problem), "code": problem.code})
            return problem.code
        _tell(supervisor, {"ready": Serving.of(queue).to_json()})
        while not (signals.wait(_LOOK_SECONDS, supervisor.fileno()) or _is_gone(supervisor) or queue.is_shut_down):
            pass
        stop_all(stopping)
    return 0


def _tell(supervisor: socket.socket, message: dict[str, Any]) -> None:
    # Where it is gone, the next look sees that too.
    with contextlib.suppress(OSError):
        supervisor.sendall(json.dumps(message).encode() + b"\n")


def _is_gone(supervisor: socket.socket) -> bool:
    try:
        return supervisor.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def main(target: str, descriptor: str, seconds: str, fate: str) -> int:
    os.set_inheritable(int(descriptor), False)
    with socket.socket(fileno=int(descriptor)) as supervisor:
        return serve(target, supervisor, Stopping(float(seconds), fate == "requeue"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
