"""Refuses what a page of another origin sends, but for safe reads; answers CORS for the origins that are allowed.

Kue's own `GET /inactive/:id` changes a job, so that it is no safe read, and no link may lead there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from starlette.datastructures import Headers
from starlette.requests import Request

from kue.web.refused import Refused
from kue.web.security.urls import NO_ORIGIN, origin_of

_OWN_SITES = ("same-origin", "none")
_CORS_METHODS = "GET, HEAD, POST, PUT, DELETE"
_CORS_HEADERS = "Authorization, Content-Type, Idempotency-Key"
_CORS_EXPOSED = "Location, Retry-After, X-Kue-Truncated"
_CORS_SECONDS = "600"
_BROWSER = "Mozilla/"  # the name of every browser begins so
_SHOWN = ("text/html", "image/")


class Origins:
    """The origin of an app, and those of others that may use it.

    `own` is the origin that browsers see, such as https://jobs.example.com; without it that is the one of the request.
    """

    def __init__(self, allowed: Collection[str] = (), own: str = "") -> None:
        self._allowed = frozenset(allowed)
        self._own = own

    def check(self, request: Request) -> None:
        """Raise `Refused` (403) if a request that changes something comes from a foreign page, or from a link."""
        headers = request.headers
        origin = origin_of(headers.get("origin", "")) or origin_of(headers.get("referer", ""))
        site = headers.get("sec-fetch-site")
        if origin not in self._allowed:
            is_own = self._is_own(request, origin) if site is None else site in _OWN_SITES
            if not is_own:
                raise Refused(403, "this request comes from a page of another origin; see --allow-origin")
        if request.method == "GET" and _is_link(headers, is_from_a_page=bool(origin or site)):
            raise Refused(403, "this address changes a job, so a link or a page must not lead to it")

    def _is_own(self, request: Request, origin: str) -> bool:
        """Whether an origin is the one of the app. Programs that are no browsers send none."""
        return not origin or (origin != NO_ORIGIN and origin == (self._own or origin_of(str(request.url))))

    def headers(self, request: Request) -> Mapping[str, str]:
        """The headers of CORS for an answer, if the origin of the request is allowed."""
        if not self._allowed:
            return {}
        origin = request.headers.get("origin", "")
        if origin not in self._allowed:
            return {"Vary": "Origin"}
        return {
            "Vary": "Origin",
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Allow-Methods": _CORS_METHODS,
            "Access-Control-Allow-Headers": _CORS_HEADERS,
            "Access-Control-Expose-Headers": _CORS_EXPOSED,
            "Access-Control-Max-Age": _CORS_SECONDS,
        }


def _is_link(headers: Headers, *, is_from_a_page: bool) -> bool:
    """Whether a browser may send a GET request for a link or a picture, and not for a script of a page.

    Over plain HTTP, but for localhost, browsers do not tell what a request is for, and a page can have them leave out
    from where it comes. A script of a page of our own always sends that, and asks for neither a page nor a picture.
    """
    destination = headers.get("sec-fetch-dest")
    if destination is not None:
        return destination != "empty"
    if not headers.get("user-agent", "").startswith(_BROWSER):
        return False
    return not is_from_a_page or any(type in headers.get("accept", "") for type in _SHOWN)
