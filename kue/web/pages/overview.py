"""The first page: whether anything is wrong, the counts, and what happened lately."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from kue.web.call import Call
from kue.web.pages.frame import framed
from kue.web.routing import Route


def overview(call: Call) -> Response:
    """The overview of the queue."""
    last = call.request.scope["path"].rpartition("/")[2]
    if last:
        return _with_slash(last)
    return framed(call, "overview.html", "Overview", "overview")


def _with_slash(last: str) -> Response:
    """Leads from the prefix of a mounted app to the same with a slash, from where the links of the page count.

    The address is relative to the `last` part of the prefix: the app does not know what a proxy has put in front of it,
    and a header Host may be forged.
    """
    return Response(status_code=307, headers={"Location": f"./{quote(last)}/"})


ROUTES = (Route("GET", "/", "read", overview),)
