"""Decides whether a request is carried out: the one place where all checks stand, in their order.

- the size of its address and headers, and the host that it is for
- who sent it, and whether its route is open to that user
- whether a foreign page sent it
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from starlette.requests import Request

from kue.web.accept import accepts_json
from kue.web.refused import Refused
from kue.web.routing import Route
from kue.web.security.access import Access
from kue.web.security.authentication import Authentication
from kue.web.security.headers import HEADERS
from kue.web.security.hosts import check_host
from kue.web.security.origins import Origins
from kue.web.site import Settings

NO_ACCESS = Access("", ())


class Guard:
    """The checks of one app."""

    def __init__(
        self, settings: Settings, authentication: Authentication, origins: Origins, hosts: Collection[str]
    ) -> None:
        self._settings = settings
        self._authentication = authentication
        self._origins = origins
        self._hosts = hosts

    async def admit(self, request: Request, route: Route | None) -> Access:
        """What a request may do. Raises `Refused`. An address without a route is asked for its user all the same."""
        self._check_size(request)
        if route is not None and not route.permission:
            return NO_ACCESS
        if self._authentication.is_open:
            check_host(request, self._hosts)
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            return NO_ACCESS  # browsers send it without a password, and it does nothing
        access = await self._authentication.access(request)
        if self._settings.read_only:
            access = access.only_reading()
        request.state.access = access  # the page of an error has the frame if the user may read
        if route is None:
            return access
        if route.needs_accept and not accepts_json(request.headers.get("accept")):
            raise Refused(404, "this address answers JSON only, which the header Accept excludes")
        why = "this server is read-only" if self._settings.read_only else "your user may not do that"
        if not access.may(route.permission):
            raise Refused(403, f"{why}: it needs the permission {route.permission}")
        if route.one_of and not any(map(access.may, route.one_of)):
            raise Refused(403, f"{why}: it needs one of the permissions {', '.join(sorted(set(route.one_of)))}")
        if route.changes:
            self._origins.check(request)
        return access

    def headers(self, request: Request) -> Mapping[str, str]:
        """The headers of every answer to a request."""
        return {**HEADERS, **self._origins.headers(request)}

    def _check_size(self, request: Request) -> None:
        limits = self._settings.limits
        if len(request.scope["query_string"]) > limits.query:
            raise Refused(414, f"the part of the address behind the ? has more than {limits.query:,} bytes")
        if sum(len(name) + len(value) for name, value in request.scope["headers"]) > limits.headers:
            raise Refused(431, f"the headers have more than {limits.headers:,} bytes")
