"""The dashboard of the demo: `kue dashboard` in a process of its own, and the address at which it is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from kue.cli.console import CommandError
from kue.cli.worker.signals import Signals
from kue.errors import KueError

_HOST = "127.0.0.1"
_USUAL_PORT = 3000
_START_SECONDS = 30.0
_END_SECONDS = 5.0
_LISTENS = " shows the queue "


def check_extra() -> None:
    """Raise `CommandError` if the packages of the dashboard are not installed."""
    try:
        import kue.web.serving  # noqa: F401
    except KueError as missing:
        raise CommandError(f"--dashboard: {missing}", 1) from None


@contextmanager
def dashboard_of(url: str, signals: Signals) -> Iterator[str]:
    """Serve the dashboard of a Redis, which counts what Node runs. Gives its address; "" if a signal came first.

    Raises `CommandError` if it does not start.
    """
    port = _free_port()
    options = ["--host", _HOST, "--port", str(port), "--title", "demo", "--observe"]
    environment = {name: value for name, value in os.environ.items() if name != "KUE_DASHBOARD_AUTH"}
    process = subprocess.Popen(
        [sys.executable, "-m", "kue.cli.demo.dashboard_process", *options],
        # Other users can see arguments, and the URL may have a password.
        env={**environment, "KUE_REDIS_URL": url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        process_group=0,
    )
    lines: SimpleQueue[str] = SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, lines), name="demo-dashboard", daemon=True)
    reader.start()
    try:
        yield f"http://{_HOST}:{port}/" if _is_up(process, lines, signals) else ""
    finally:
        _end(process)
        reader.join()


def _free_port() -> int:
    """The port that `kue dashboard` has by itself, or another one if that is taken."""
    for port in (_USUAL_PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise CommandError("no port is free for the dashboard", 1)


def _read(process: subprocess.Popen[str], lines: SimpleQueue[str]) -> None:
    """Also what comes later, so that the process never waits for a reader."""
    assert process.stdout is not None
    with process.stdout as output:
        for line in output:
            lines.put(line.strip())


def _is_up(process: subprocess.Popen[str], lines: SimpleQueue[str], signals: Signals) -> bool:
    said: list[str] = []
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        try:
            said.append(lines.get_nowait())
        except Empty:
            if process.poll() is not None:
                break
            if signals.wait(0.05):
                return False
        else:
            if _LISTENS in said[-1]:
                return True
    raise CommandError(f"the dashboard does not start: {' / '.join(said[:4]) or 'it says nothing'}", 1)


def _end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
