"""The route table: which address leads to which endpoint, and which permission a request needs for it.

Addresses are matched as they were sent, before their %-escapes are decoded, since the type of a job may hold a slash.
As in Kue, their case counts for nothing, and they may end with a slash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from starlette.responses import Response
from starlette.types import Scope

from kue.web.call import Call
from kue.web.description import Description
from kue.web.refused import Refused
from kue.web.security.access import PERMISSIONS

Endpoint = Callable[[Call], Response]
ANSWER_SECONDS = 1.8
_PARAMETER = re.compile(r":(\w+)")
_SAFE_IN_PATHS = "/:@!$&'()*+,;=~-._"


@dataclass(frozen=True)
class Route:
    """One route. In its pattern `:name` stands for a part of the address up to the next slash.

    A GET route answers HEAD as well, unless it `changes` something. `changes` also tells that a request from a foreign
    page must be refused. `permission` is one of PERMISSIONS, or "" for a route that is open to all. If it
    `needs_accept`, it does not exist for a client whose header Accept excludes JSON, as in Kue. After
    `seconds` the client is told that Redis does not answer. An endpoint that asks Redis `waits`, and is called in a
    thread; else it is called on the event loop. The OpenAPI file has the routes with a `description`.
    A body is read only if it `has_body`. If there are `one_of`, a user needs one of these permissions too.
    """

    method: str
    pattern: str
    permission: str
    endpoint: Endpoint
    changes: bool = False
    needs_accept: bool = False
    seconds: float = ANSWER_SECONDS
    waits: bool = True
    description: Description | None = None
    has_body: bool = False
    one_of: Collection[str] = ()
    regex: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.permission and self.permission not in PERMISSIONS:
            raise ValueError(f"{self.method} {self.pattern} needs a permission that does not exist: {self.permission}")
        object.__setattr__(self, "regex", _compile(self.pattern))

    @property
    def methods(self) -> tuple[str, ...]:
        return ("GET", "HEAD") if self.method == "GET" and not self.changes else (self.method,)


class Match(NamedTuple):
    """A route, and the decoded parts of the address that its pattern names."""

    route: Route
    params: dict[str, str]


class Routes:
    """All routes, in the order in which they are tried."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: Sequence[Route] = tuple(routes)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def match(self, method: str, path: str) -> Match | None:
        """The first route for an address. Raises `Refused` if it has an escape that cannot be decoded."""
        for route in self._routes:
            if method in route.methods and (found := route.regex.fullmatch(path)):
                return Match(route, {name: _decoded(part) for name, part in found.groupdict().items() if part})
        return None

    def methods(self, path: str) -> list[str]:
        """The methods that an address takes, in the order of the routes."""
        found = [method for route in self._routes if route.regex.fullmatch(path) for method in route.methods]
        return list(dict.fromkeys(found))


def path_of(scope: Scope) -> str:
    """The address as it was sent, below the prefix under which the app is mounted.

    A server that does not keep it, such as a WSGI adapter, leaves the decoded one: it is escaped again, so that a slash
    inside a part is lost there.
    """
    raw = scope.get("raw_path") or quote(scope["path"], safe=_SAFE_IN_PATHS).encode()
    path = re.split(rb"[?#]", raw, maxsplit=1)[0].decode("latin-1")
    prefix = scope.get("root_path", "")
    for written in (quote(prefix, safe=_SAFE_IN_PATHS), prefix):
        if prefix and (path == written or path.startswith(f"{written}/")):
            return path[len(written) :] or "/"
    return path or "/"


def _compile(pattern: str) -> re.Pattern[str]:
    """The regular expression for a pattern. Behind a dot, a part ends at the next dot too, as in Express."""
    parts = _PARAMETER.split(pattern)
    written = re.escape(parts[0])
    for name, literal, before in zip(parts[1::2], parts[2::2], parts[0::2], strict=False):
        characters = "[^/.]" if before.endswith(".") else "[^/]"
        written += f"(?P<{name}>{characters}+?){re.escape(literal)}"
    return re.compile(written.removesuffix("/") + "/?", re.IGNORECASE | re.DOTALL | re.ASCII)


def _decoded(part: str) -> str:
    if re.search(r"%(?![0-9a-fA-F]{2})", part):
        raise Refused(400, f"the address has a % that is no escape: {part}")
    try:
        return unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        raise Refused(400, f"the address has an escape that is not UTF-8: {part}") from None
