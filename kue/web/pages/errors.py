"""Errors as pages, for people. Programs get the same as JSON."""

from __future__ import annotations

from starlette.responses import Response

from kue.web.call import Call
from kue.web.pages.frame import framed, framed_without_redis
from kue.web.refused import Refused
from kue.web.rendering import page

_TITLES = {
    400: "This request cannot be read",
    403: "Not allowed",
    404: "There is no such page",
    409: "That is not possible now",
    422: "Something is wrong with what was sent",
    500: "Something went wrong in the server",
    503: "Redis does not answer",
}
_OTHER = "That did not work"


def error_page(call: Call, refused: Refused) -> Response:
    """A refusal as a page, with the frame if the user may read. It may raise what reading the counts raises."""
    title = _TITLES.get(refused.status, _OTHER)
    if not call.access.may("read"):
        answer = page(call, "error_bare.html", {"page_title": title, "message": refused.message}, refused.status)
    elif refused.status == 503:
        answer = framed_without_redis(call, "away.html", title, _entry(call), 503, refused.message)
    else:
        answer = framed(call, "error.html", title, _entry(call), refused.status, message=refused.message)
    answer.headers.update(refused.headers)
    return answer


def _entry(call: Call) -> str:
    """The entry in the rail for the page that was asked for."""
    path = call.request.url.path.removeprefix(call.request.scope.get("root_path", "")).strip("/")
    return path or "overview"
