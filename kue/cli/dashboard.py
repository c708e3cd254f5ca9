"""`kue dashboard`: serves Kue's API and the dashboard for one queue. `kue-dashboard` is another name for it.

Kue has a program of that name, whose options are -p, -r and -q.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from kue.cli.console import CommandError, exit_on_error, print_line
from kue.cli.options import ShortPrefix, ShortRedisUrl
from kue.cli.server import refuse_port
from kue.cli.worker.signals import Signals
from kue.errors import InvalidOption, KueError
from kue.queue.queue import Queue

_AUTH_VARIABLE = "KUE_DASHBOARD_AUTH"
_AUTH_HELP = (
    "A user, as user:password or user:password:read. Other users of the machine can read the options of a command: "
    f"{_AUTH_VARIABLE} or --auth-file keep the password from them."
)


def dashboard(
    host: Annotated[str, typer.Option(help="The address to listen at. 0.0.0.0 is every address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65535, help="The port to listen at.")] = 3000,
    redis: ShortRedisUrl = None,
    prefix: ShortPrefix = "q",
    search: Annotated[
        bool, typer.Option("--search", help="Add the jobs that are created here to the full-text index.")
    ] = False,
    auth: Annotated[list[str] | None, typer.Option(metavar="USER:PASSWORD", help=_AUTH_HELP)] = None,
    auth_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with a user on each line, as --auth takes them.")
    ] = None,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Let everybody who reaches the server do everything.")
    ] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Show everything, change nothing.")] = False,
    title: Annotated[str | None, typer.Option(help="A name for this server, such as that of an environment.")] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A host name by which a server without users is reached.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="The origin of another page that may use the API: https://admin.example."),
    ] = None,
    root_path: Annotated[
        str | None, typer.Option(metavar="PATH", help="The prefix under which a proxy shows the server: /kue.")
    ] = None,
    root_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The address at which browsers see the server, behind a proxy."),
    ] = None,
    behind_proxy: Annotated[
        bool,
        typer.Option(
            "--behind-proxy", help="Take the client's address from the end of X-Forwarded-For, as a proxy sets it."
        ),
    ] = False,
) -> None:
    """Serve the dashboard and Kue's HTTP API for a queue, until SIGTERM or Ctrl-C."""
    with exit_on_error():
        try:
            from kue.web import app, open_access
            from kue.web.security.passwords import read_users
            from kue.web.serving import Place, limits, serve
        except KueError as missing:
            raise CommandError(str(missing), 1) from None
        sources = _sources(auth, auth_file)
        if no_auth and sources:
            raise CommandError("give either users or --no-auth")
        with _usage_errors():
            place = Place(host, port, root_path or "", behind_proxy)
            users = read_users(sources) if sources else None
        is_behind_proxy = bool(behind_proxy or root_path or root_url)
        if not users and not no_auth and (is_behind_proxy or not place.is_local):
            reason = "a proxy lets other machines in" if is_behind_proxy else f"other machines reach {host}"
            raise CommandError(
                f"{reason}: give users with --auth-file, {_AUTH_VARIABLE} or --auth, or --no-auth to let everybody in"
            )
        with Queue(redis=redis, prefix=prefix, disable_search=not search) as queue:
            with _usage_errors():
                site = app(
                    queue,
                    auth=users or open_access,
                    read_only=read_only,
                    title=title or "",
                    allowed_hosts=[host, *(allow_host or ())],
                    allowed_origins=allow_origin or (),
                    root_url=root_url or "",
                    limits=limits(),
                )
            address = queue.runtime.store.connections.address
            refuse_port(host, port)
            with Signals():  # uvicorn passes a signal on to this when it has stopped
                serve(site, place, lambda: print_line(f"{place.url} shows the queue {prefix} of Redis at {address}"))
        print_line("stopped")


@contextlib.contextmanager
def _usage_errors() -> Iterator[None]:
    """Turn a wrong option into an error of the command line."""
    try:
        yield
    except InvalidOption as problem:
        raise CommandError(str(problem)) from None


def _sources(auth: list[str] | None, auth_file: Path | None) -> dict[str, list[str]]:
    """The lines with users, by where they were given, also if that is empty.

    Raises `CommandError` if the file cannot be read.
    """
    sources = {}
    if auth:
        sources["--auth"] = auth
    if _AUTH_VARIABLE in os.environ:
        sources[_AUTH_VARIABLE] = os.environ[_AUTH_VARIABLE].split("\n")
    if auth_file is not None:
        try:
            sources[f"the file {auth_file}"] = auth_file.read_text(encoding="utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError) as problem:
            raise CommandError(f"the file {auth_file} with the users cannot be read: {problem}") from None
    return sources
