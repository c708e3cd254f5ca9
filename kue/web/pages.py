"""The pages: for now one that lists the addresses of the APIs, and the icon."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response

from kue.web.call import Call
from kue.web.routing import Route

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#2a56c6" stroke-width="2">'
    '<path d="M3 2v12M3 9l8-7M6.5 6.5 12 14"/></svg>'
)


def icon(call: Call) -> Response:
    """The icon that browsers show for a page."""
    return Response(_ICON, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


def page_of(routes: Iterable[Route]) -> tuple[Route, ...]:
    """The routes of the pages, of which the first lists other routes."""
    rows = [f"<li><code>{escape(f'{route.method} {route.pattern}')}</code></li>" for route in routes]

    def index(call: Call) -> Response:
        last = call.request.scope["path"].rpartition("/")[2]
        if last:
            return _with_slash(last)
        title = escape(call.site.settings.title or "kue")
        head = f'<meta charset="utf-8"><title>{title}</title><link rel="icon" href="icon.svg">'
        body = f"<h1>{title}</h1><p>The addresses of this server:</p><ul>{''.join(rows)}</ul>"
        return HTMLResponse(f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>')

    return Route("GET", "/", "read", index), Route("GET", "/icon.svg", "read", icon)


def _with_slash(last: str) -> Response:
    """Leads from the prefix of a mounted app to the same with a slash, from where the links of the page count.

    The address is relative to the `last` part of the prefix: the app does not know what a proxy has put in front of it,
    and a header Host may be forged.
    """
    return Response(status_code=307, headers={"Location": f"./{quote(last)}/"})
