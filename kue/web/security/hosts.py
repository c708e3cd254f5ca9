"""Refuses requests for another host name than the app's own, without which a foreign page could reach it by DNS.

A page of a stranger can make its own host name lead to 127.0.0.1 (DNS rebinding). Its requests then count as same
origin, and only the header Host tells them apart. An app that asks for a password needs no list: such a page has none.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

from starlette.requests import Request

from kue.common.describe import short_repr
from kue.errors import InvalidOption
from kue.web.refused import Refused

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_PORT = re.compile(r":[0-9]*\Z", re.ASCII)
_NO_NAME = re.compile(r"[/@?#\s]")


def check_host(request: Request, allowed: Collection[str]) -> None:
    """Raise `Refused` (421) if the header Host names none of some host names. The port counts for nothing."""
    host = _without_port(request.headers.get("host", ""))
    if host not in allowed:
        raise Refused(
            421, f"this server is not {host or 'without a name'}: it must be started with --allow-host for that name"
        )


def read_host(name: str, given: str) -> str:
    """Check a host name or an address, and return it as the header Host has it. Raises `InvalidOption`."""
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        if _NO_NAME.search(given):
            raise InvalidOption(
                f"{name} must have host names such as jobs.example.com, not {short_repr(given)}"
            ) from None
        return _without_port(given)
    return f"[{address}]" if address.version == 6 else str(address)


def _without_port(host: str) -> str:
    """A host in small letters, without its port."""
    return _PORT.sub("", host).lower()
