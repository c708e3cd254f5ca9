"""Says what is wrong with an address, and hides the secrets in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def without_secrets(given: Mapping[str, Any]) -> dict[str, Any]:
    """Kue's dict, without the values that may be secret."""
    return {key: "***" if key in ("auth", "options") else value for key, value in given.items()}


def hide_password(url: str) -> str:
    """A URL without user and password. Works on broken ones as well."""
    head, at, tail = url.rpartition("@")
    bare = f"{head.partition('://')[0]}://***@{tail}" if at else url
    return re.sub(r"((?:password|username)=)[^&]*", r"\1***", bare)


def why_unreadable(url: str, problem: Exception) -> str:
    """What is wrong with a URL. If its password has cut the host short, redis-py's message would quote part of it."""
    beyond_host = re.match(r"rediss?://[^/?#]*(.*)", url)
    if beyond_host is not None and "@" in beyond_host[1]:
        return "in a user name or password, / ? # and @ have to be written as %2F %3F %23 and %40"
    return str(problem)
