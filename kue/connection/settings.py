"""Checks single settings of an address, as a URL or a dict gives them."""

from __future__ import annotations

from ssl import CERT_NONE
from typing import Any, cast

from kue.common.describe import short_repr

NO_LIMIT = 2**31  # what redis-py before 8.0 writes for it


def check_host_names(settings: dict[str, Any]) -> None:
    """A certificate must be for the host, unless the settings say otherwise. redis-py before 6.0 would not check."""
    if settings.get("ssl_check_hostname") is None:
        settings["ssl_check_hostname"] = settings.get("ssl_cert_reqs") not in ("none", CERT_NONE)


def max_connections(settings: dict[str, Any]) -> int | None:
    """Take out of the settings what redis-py gives to its pool, not to a connection. None if it is not given."""
    return number("max_connections", settings.pop("max_connections", None), range(1, NO_LIMIT), 0) or None


def number(name: str, value: object, allowed: range, default: int) -> int:
    """Check a number or its digits. An empty string, as an unset variable often gives, means the default."""
    if value is None or value == "":
        return default
    is_digits = isinstance(value, str) and value.isascii() and value.isdigit()
    is_number = isinstance(value, int) and not isinstance(value, bool)
    read = int(cast("str | int", value)) if is_digits or is_number else -1
    if read not in allowed:
        raise ValueError(f"{name} has to be a number from {allowed[0]} to {allowed[-1]}, not {short_repr(value)}")
    return read
