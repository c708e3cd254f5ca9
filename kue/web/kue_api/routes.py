"""The routes of Kue's HTTP API, in the order in which Kue tries them."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from kue.web.call import Call
from kue.web.kue_api import changing, creating, reading, searching
from kue.web.kue_api.errors import in_words_of_kue
from kue.web.routing import Route


def _route(
    method: str, pattern: str, permission: str, endpoint: Callable[[Call], Response], *, changes: bool = False
) -> Route:
    return Route(
        method,
        pattern,
        permission,
        in_words_of_kue(endpoint),
        changes=changes or method != "GET",
        needs_accept=True,
        has_body=method == "POST",
    )


ROUTES = (
    _route("GET", "/stats", "read", reading.stats),
    _route("GET", "/job/search", "data", searching.search),
    _route("GET", "/job/types", "read", reading.types),
    _route("GET", "/jobs/:from..:to", "read", reading.jobs),
    _route("GET", "/jobs/:from..:to/:order", "read", reading.jobs),
    _route("GET", "/jobs/:type/:state/:from..:to", "read", reading.jobs_of_type),
    _route("GET", "/jobs/:type/:state/:from..:to/:order", "read", reading.jobs_of_type),
    _route("GET", "/jobs/:type/:state/stats", "read", reading.count),
    _route("GET", "/jobs/:state/:from..:to", "read", reading.jobs_of_state),
    _route("GET", "/jobs/:state/:from..:to/:order", "read", reading.jobs_of_state),
    _route("GET", "/job/:id", "read", reading.job),
    _route("GET", "/job/:id/log", "read", reading.log),
    _route("PUT", "/job/:id/state/:state", "retry", changing.set_state),
    _route("PUT", "/job/:id/priority/:priority", "retry", changing.set_priority),
    _route("DELETE", "/job/:id", "remove", changing.remove),
    _route("POST", "/job", "create", creating.create),
    _route("GET", "/inactive/:id", "retry", changing.make_inactive, changes=True),
)
