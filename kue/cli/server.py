"""`kue server`: runs an embedded server on a given port until a signal comes."""

from __future__ import annotations

import shlex
import socket

from kue.cli.console import CommandError, print_line
from kue.cli.worker.signals import Signals
from kue.connection.embedded import HOST, EmbeddedServer

_CHECK_EVERY_SECONDS = 0.5


def run_server(port: int, directory: str | None, password: str | None) -> None:
    """Run the server until SIGTERM or SIGINT. A `password` of None is a random one, and "" is none.

    Raises `CommandError` if the port is taken, or the server ends.
    """
    refuse_port(HOST, port)
    place = f"redis://{HOST}:{port}"
    with Signals() as signals, EmbeddedServer(directory, port, password=password) as server:
        print_line(f"the server listens at {place}", style="bold")
        print_line(
            f"its data is kept in {directory}" if directory else "its data is lost when it ends (--dir keeps it)"
        )
        print_line("enter this in other terminals" + (": it has the password" if server.url != place else ""))
        print_line(f"  export KUE_REDIS_URL={shlex.quote(server.url)}")
        print_line("then connect with")
        print_line("  Python  kue.create_queue()")
        print_line("  Node    kue.createQueue({ redis: process.env.KUE_REDIS_URL })")
        print_line("Ctrl-C or SIGTERM stops it", style="dim")
        while not signals.wait(_CHECK_EVERY_SECONDS):
            if not server.is_running:
                raise CommandError(f"the server at {place} has ended", 1)
    print_line("stopped")


def refuse_port(host: str, port: int) -> None:
    """Raise `CommandError` if a port cannot be used. The server itself would report that with a log of many lines."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            reason = (problem.strerror or str(problem)).lower()
            message = f"port {port} of {host} cannot be used ({reason}): give another with --port"
            raise CommandError(message, 1) from None
