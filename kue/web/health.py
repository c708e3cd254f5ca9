"""`/healthz`, for load balancers: whether Redis answers, and nothing else. It is open to all."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response

from kue.web.call import Call
from kue.web.routing import Route


def healthz(call: Call) -> Response:
    """`ok` with status 200, or `not ok` with 503."""
    call.site.store.ping()
    return PlainTextResponse("ok\n")


def not_ok() -> Response:
    """The answer if anything was in the way."""
    return PlainTextResponse("not ok\n", 503)


ROUTES = (Route("GET", "/healthz", "", healthz),)
