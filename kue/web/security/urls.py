"""Reads the addresses that a user or a browser gives, down to the origin: https://jobs.example.com."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from kue.common.describe import short_repr
from kue.errors import InvalidOption

NO_ORIGIN = "null"
"""What browsers send for a page that has no origin of its own. It is equal to nothing."""
_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """The origin of an address as browsers write it; "null" if it has none, "" for no address."""
    parts = _split(url)
    if parts is None:
        return NO_ORIGIN if url else ""
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    port = "" if parts.port in (None, _PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def read_origin(name: str, given: str) -> str:
    """Check an origin and return it as browsers write it. Raises `InvalidOption`."""
    parts = _split(given)
    if parts is None or not _is_plain(parts) or parts.path not in ("", "/"):
        raise InvalidOption(f"{name} must have origins such as https://admin.example, not {short_repr(given)}")
    return origin_of(given)


def read_root_url(given: object) -> str:
    """Check the address at which browsers see the app, and return its origin; "" for none. Raises `InvalidOption`."""
    if given == "":
        return ""
    parts = _split(given) if isinstance(given, str) else None
    if parts is None or not _is_plain(parts):
        raise InvalidOption(
            "root_url must be the whole address at which browsers see the app, such as https://ops.example.com/kue, "
            f"not {short_repr(given)}"
        )
    return origin_of(parts.geturl())


def _split(url: str) -> SplitResult | None:
    """The parts of an address of the web; None if it is none."""
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_whole else None


def _is_plain(parts: SplitResult) -> bool:
    """Whether an address has no user, question or fragment, and a host as browsers write it."""
    whole = parts.geturl()
    return whole.isascii() and " " not in whole and not (parts.username or parts.query or parts.fragment)
