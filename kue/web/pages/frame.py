"""Makes a page: its own template inside the frame, which has the rail with the counts, the head and the foot."""

from __future__ import annotations

import logging
from typing import Any

from starlette.responses import Response

from kue.common.version import VERSION
from kue.options.values import STATES
from kue.web.call import Call
from kue.web.pages.assets import HASH
from kue.web.read_model.overview import OverviewReader
from kue.web.read_model.reading import Reader, read_together
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


def framed(call: Call, template: str, title: str, here: str, status: int = 200, **values: object) -> Response:
    """A page with the frame around it. `here` is the key of the entry in the rail that leads to this page."""
    site = call.site
    frame = {
        "here": here,
        "counts": read_together(site.store.ask, {"all": _counts(call)}, _failed).get("all", dict.fromkeys(STATES)),
        "redis": str(site.store.connections.address),
        "prefix": site.store.keys.prefix,
        "version": VERSION,
        "is_read_only": site.settings.read_only,
        "user": call.access.user or "",
        "may": {name: call.access.may(name) for name in PERMISSIONS},
        "now": site.facts.now(),
    }
    static = call.address(f"/static/{HASH}")
    own = {"page_title": title, "static": static, "states": STATE_WORDS, "frame": frame}
    return page(call, template, own | values, status)


def _counts(call: Call) -> Reader[dict[str, Any]]:
    found, _ = yield from OverviewReader(call.site.facts).all_types()
    return dict(found.counts)


def _failed(name: str, problem: Exception) -> None:
    logger.error("the counts of the frame cannot be read", exc_info=problem)
