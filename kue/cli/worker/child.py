"""One of several worker processes: it reports to its supervisor, and stops at a signal or when the supervisor is gone.

Run as `python -m kue.cli.worker.child TARGET DESCRIPTOR SECONDS requeue|fail LEVEL text|json`. The descriptor is
the child's end of a socket pair. The child writes one line of JSON to it: that it is ready, or why it cannot serve.
When the other end is closed, the supervisor is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
from typing import Any

from kue.cli.console import CommandError
from kue.cli.worker.importing import imported
from kue.cli.worker.logs import LogOptions
from kue.cli.worker.serving import Serving, Stopping, become_quiet, stop_all
from kue.cli.worker.signals import QUIET, Signals, Stopped

_CHECK_EVERY_SECONDS = 0.5


def serve(target: str, supervisor: socket.socket, stopping: Stopping, logs: LogOptions) -> int:
    """Serve until a signal comes, the supervisor is gone, or the queue is shut down. Returns the exit code."""
    # A second signal is ignored: a service manager may signal every process of a service, and only the supervisor
    # decides to stop at once.
    with Signals(again=lambda number: None, heeds_quiet=True) as signals:
        # The supervisor has blocked it, so that one that comes early does not end this process.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {QUIET})
        try:
            with imported(target, signals) as queue:
                logs.set_up()
                _send(supervisor, {"ready": Serving.of(queue).to_json()})
                _heed_quiet(signals)
        except CommandError as problem:
            _send(supervisor, {"error": str(problem), "code": problem.code, "details": problem.details})
            return problem.code
        except Stopped:
            return 0
        descriptor = supervisor.fileno()
        while not (signals.wait(_CHECK_EVERY_SECONDS, descriptor) or _is_gone(supervisor) or queue.is_shut_down):
            _heed_quiet(signals)
        stop_all(stopping)
    return 0


def _heed_quiet(signals: Signals) -> None:
    if signals.quiet:
        become_quiet()


def _send(supervisor: socket.socket, message: dict[str, Any]) -> None:
    # If the supervisor is gone, `_is_gone` notices it later.
    with contextlib.suppress(OSError):
        supervisor.sendall(json.dumps(message).encode() + b"\n")


def _is_gone(supervisor: socket.socket) -> bool:
    try:
        return supervisor.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def main(target: str, descriptor: str, seconds: str, unfinished: str, level: str, format: str) -> int:
    stopping, logs = Stopping(float(seconds), unfinished == "requeue"), LogOptions.of(level, format)
    os.set_inheritable(int(descriptor), False)
    with socket.socket(fileno=int(descriptor)) as supervisor:
        return serve(target, supervisor, stopping, logs)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
