"""`kue server`: an embedded server on a port of one's choice, until a signal."""

from __future__ import annotations

import socket

from kue.cli.console import CommandError, print_line
from kue.cli.worker.signals import Signals
from kue.connection.embedded import HOST, EmbeddedServer

_LOOK_SECONDS = 0.5


def run_server(port: int, directory: str | None) -> None:
    """Serve until SIGTERM or SIGINT. Raises `CommandError`."""
    _refuse_port(port)
    with Signals() as signals, EmbeddedServer(directory, port) as server:
        print_line(f"a server for kue is at {server.url}", style="bold")
        print_line(
            f"its data is kept in {directory}" if directory else "its data is gone when it ends (--dir keeps it)"
        )
        print_line(f"  Python  kue.create_queue(redis={server.url!r})")
        print_line(f"  Node    kue.createQueue({{ redis: '{server.url}' }})")
        print_line("Ctrl-C or SIGTERM stops it", style="dim")
        while not signals.wait(_LOOK_SECONDS):
            if not server.is_running:
                raise CommandError(f"the server at {server.url} has ended", 1)
    print_line("stopped")


def _refuse_port(port: int) -> None:
    """Raises `CommandError` where the port cannot be had; what the server itself says then is a log of many lines."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as problem:
            why = (problem.strerror or str(problem)).lower()
            raise CommandError(f"port {port} of {HOST} cannot be used ({why}): give another with --port", 1) from None
