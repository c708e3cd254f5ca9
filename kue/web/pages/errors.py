"""Errors as pages, for people. Programs get the same as JSON."""

from __future__ import annotations

import re

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
    503: "The server cannot answer now",
}
_OTHER = "That did not work"
_BRACKETS = re.compile(r"\((.*)\)", re.DOTALL)


def error_page(call: Call, refused: Refused, *, is_away: bool) -> Response:
    """A refusal as a page, with the frame if the user may read. It may raise what reading the counts raises.

    If Redis `is_away`, nothing is read. Nor is it if the server is too busy.
    """
    title, message = _TITLES.get(refused.status, _OTHER), _sentence(refused.message)
    entry = _entry(call)
    if is_away and call.access.may("read"):
        title = "Redis does not answer"
        answer = framed_without_redis(call, "away.html", title, entry, refused.status, _reason(refused.message))
    elif refused.status == 503 or not call.access.may("read"):
        answer = page(call, "error_bare.html", {"page_title": title, "message": message}, refused.status)
    else:
        answer = framed(call, "error.html", title, entry, refused.status, message=message)
    answer.headers.update(refused.headers)
    return answer


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:]}{'' if message.endswith('.') else '.'}"


def _reason(message: str) -> str:
    """The cause that stands in brackets in a message, without advice for programmers. status.js does the same."""
    first = message.partition(";")[0]
    found = _BRACKETS.search(first)
    return (found[1] if found else first).removesuffix(".")


def _entry(call: Call) -> str:
    """The entry in the rail for the page that was asked for."""
    path = call.request.url.path.removeprefix(call.request.scope.get("root_path", "")).strip("/")
    return path or "overview"
