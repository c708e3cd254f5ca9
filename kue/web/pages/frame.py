"""Makes a page: its own template inside the frame, which has the rail with the counts, the head and the foot."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from kue.common.version import VERSION
from kue.web.call import Call
from kue.web.pages.assets import HASH
from kue.web.read_model.counts import CountsReader
from kue.web.read_model.reading import read_together
from kue.web.rendering import page
from kue.web.security.access import PERMISSIONS

logger = logging.getLogger("kue.web")
# Kue's order of work, its name of each state, and ours.
STATE_WORDS = {
    "inactive": "queued",
    "active": "active",
    "delayed": "delayed",
    "failed": "failed",
    "complete": "complete",
}
_FIGURES = (*STATE_WORDS, "workers", "schedules", "node_seen", "observed")
Figures = Mapping[str, Any]


def framed(
    call: Call,
    template: str,
    title: str,
    here: str,
    status: int = 200,
    *,
    figures: Figures | None = None,
    **values: object,
) -> Response:
    """A page with the frame around it. `here` is the key of the entry in the rail that leads to this page.

    `figures` are those of the frame, if they were read already, as `CountsReader` reads them.
    """
    if figures is None:
        readers = {"counts": CountsReader(call.site.facts).read()}
        figures = read_together(call.site.store.ask, readers, _failed).get("counts", {})
    return _made(call, template, title, here, status, figures, call.site.store.clock(), None, values)


def framed_without_redis(
    call: Call, template: str, title: str, here: str, status: int, why: str, **values: object
) -> Response:
    """A page for a time in which Redis does not answer, with the figures that are known. `why` is what went wrong."""
    known_at, figures = call.site.facts.last_figures or (None, {})
    return _made(call, template, title, here, status, figures, known_at, why, values)


def _made(
    call: Call,
    template: str,
    title: str,
    here: str,
    status: int,
    figures: Figures,
    known_at: int | None,
    away: str | None,
    values: Mapping[str, object],
) -> Response:
    site = call.site
    now = site.store.clock()
    frame = {
        "here": here,
        "counts": dict.fromkeys(_FIGURES) | dict(figures),
        "counted_at": known_at,
        "away": away,
        "redis": str(site.store.connections.address),
        "prefix": site.store.keys.prefix,
        "version": VERSION,
        "is_read_only": site.settings.read_only,
        "user": call.access.user or "",
        "may": {name: call.access.may(name) for name in PERMISSIONS},
        "now": now,
    }
    static = call.address(f"/static/{HASH}")
    own = {"page_title": title, "static": static, "states": STATE_WORDS, "frame": frame}
    return page(call, template, own | dict(values), status)


def _failed(name: str, problem: Exception) -> None:
    logger.error("the counts of the frame cannot be read", exc_info=problem)
