"""The one exception with which a request is refused, wherever that is found out."""

from __future__ import annotations

from collections.abc import Mapping


class Refused(Exception):
    """A request that is not carried out, with its status and what was wrong. `details` join the answer."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None, **details: object) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.headers = dict(headers or {})
        self.details = details
