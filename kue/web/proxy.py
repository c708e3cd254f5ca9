"""What a proxy in front of the server tells: the prefix under which it shows the app, and who sends a request."""

from __future__ import annotations

import ipaddress
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from kue.common.describe import short_repr
from kue.errors import InvalidOption

_PATH = re.compile(r"(?:/[^/?#%\\\s]+)*/?")
_SCHEMES = ("http", "https")


def read_prefix(given: str) -> str:
    """Check a prefix such as /kue, and return it without a slash at its end. Raises `InvalidOption`."""
    if not _PATH.fullmatch(given):
        raise InvalidOption(f"root_path must be a path such as /kue, not {short_repr(given)}")
    return given.rstrip("/")


def under_prefix(app: ASGIApp, prefix: str) -> ASGIApp:
    """An app behind a proxy that shows it under a prefix, whether the proxy removes the prefix or passes it on.

    uvicorn's own `root_path` is for a proxy that removes it: of one that passes it on, the prefix would come twice.
    """
    if not prefix:
        return app

    async def prefixed(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "root_path": prefix}, receive, send)

    return prefixed


def behind_proxy(app: ASGIApp) -> ASGIApp:
    """An app behind a proxy that tells the address of the client in X-Forwarded-For, and how it was reached.

    The last address counts, which the proxy has added. Those before it are the client's to choose. uvicorn's own
    setting takes the first one if it trusts every proxy.
    """

    async def forwarded(scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        told: Scope = {}
        if address := _address(_last(headers, "x-forwarded-for")):
            told["client"] = (address, 0)
        if (scheme := _last(headers, "x-forwarded-proto").lower()) in _SCHEMES:
            told["scheme"] = scheme
        await app({**scope, **told}, receive, send)

    return forwarded


def _last(headers: Headers, name: str) -> str:
    """The last value of a header that may come more than once, and may be a list."""
    return ",".join(headers.getlist(name)).rpartition(",")[2].strip()


def _address(text: str) -> str:
    """An address without its port; "" if it is none."""
    for candidate in (text, text.rpartition(":")[0]):
        try:
            return str(ipaddress.ip_address(candidate.removeprefix("[").removesuffix("]")))
        except ValueError:
            continue
    return ""
