"""Runs an app with uvicorn, as `kue dashboard` does, within limits of its own."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn

from kue.web.app import App
from kue.web.client_connection import ClientConnection
from kue.web.open_files import room
from kue.web.proxy import behind_proxy, read_prefix, under_prefix
from kue.web.site import Limits

_MAX_HEAD_BYTES = 48_000  # the line of the request and its headers
_IDLE_SECONDS = 15
_STOP_SECONDS = 3


@dataclass(frozen=True)
class Place:
    """Where a server listens, and under which prefix a proxy in front of it shows it. Raises `InvalidOption`."""

    host: str = "127.0.0.1"
    port: int = 3000
    root_path: str = ""
    behind_proxy: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "root_path", read_prefix(self.root_path))

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{self.root_path}/"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_start: Callable[[], object]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()


def limits() -> Limits:
    """The limits of an app that `serve` is to serve. If few files may be open, there are fewer live streams."""
    return Limits(streams=min(Limits.streams, room().streams))


def serve(app: App, place: Place, on_start: Callable[[], object]) -> None:
    """Serve an app until SIGTERM or SIGINT. X-Forwarded-For and -Proto count only behind a proxy.

    `on_start` is called as soon as requests are taken.
    """
    shown = under_prefix(app, place.root_path)
    config = uvicorn.Config(
        behind_proxy(shown) if place.behind_proxy else shown,
        host=place.host,
        port=place.port,
        proxy_headers=False,
        http=ClientConnection,
        backlog=room().backlog,
        server_header=False,
        log_level="warning",
        lifespan="off",
        ws="none",
        h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    _Server(config, on_start).run()
