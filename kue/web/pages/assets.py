"""Styles, scripts and icons of the pages. Their address has a hash of what they hold, so that browsers keep them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.responses import Response

from kue.web.call import Call
from kue.web.refused import Refused
from kue.web.routing import Route

FOLDER = Path(__file__).parent.parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_A_DAY = {"Cache-Control": "public, max-age=86400"}
_FILES = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in _TYPES}
HASH = hashlib.sha256(b"\0".join(name.encode() + b"\0" + text for name, text in _FILES.items())).hexdigest()[:16]


def asset(call: Call) -> Response:
    """A style, script or drawing of the pages."""
    name = call.params["name"]
    if call.params["hash"] != HASH or name not in _FILES:
        raise Refused(404, f"there is no file {name!r} of this version")
    return _file(name, _FOR_EVER)


def icon(call: Call) -> Response:
    """The icon that browsers show for a page."""
    return _file("icon.svg", _A_DAY)


def _file(name: str, headers: dict[str, str]) -> Response:
    return Response(_FILES[name], media_type=_TYPES[Path(name).suffix], headers=headers)


ROUTES = (
    Route("GET", "/icon.svg", "read", icon, waits=False),
    Route("GET", "/static/:hash/:name", "read", asset, waits=False),
)
