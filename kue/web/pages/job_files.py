"""Files of a job for download: its data, its result, its progress data and its log, whole."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

from starlette.responses import Response, StreamingResponse

from kue.errors import JobNotFound
from kue.store import codec
from kue.web.answers import JSON
from kue.web.api_v1.jobs import job_id
from kue.web.call import Call
from kue.web.json_tree import read_tree
from kue.web.read_model.job_page import JSON_FIELDS, safe_text
from kue.web.refused import Refused
from kue.web.routing import Route

_LINES_PER_PIECE = 1000  # each piece is an event of the server
_TEXT = "text/plain; charset=utf-8"


def _field(name: str, call: Call) -> Response:
    """A field of a job that should hold JSON. Values that look like secrets are hidden in it."""
    id = _id(call)
    [[raw]] = call.site.store.fields([id], (name,))
    if not raw:
        raise Refused(404, f"job {id} has no {name.replace('_', ' ')}")
    redaction, text = call.site.settings.redaction, codec.text(raw)
    try:
        body, kind, ending = read_tree(text, redaction.hides).text, JSON, "json"
    except ValueError:
        body, kind, ending = safe_text(text, redaction), _TEXT, "txt"
    return Response(codec.text_bytes(body), headers=_attached(f"job-{id}-{name}.{ending}"), media_type=kind)


def _log(call: Call) -> Response:
    """All lines of the log of a job. They are sent while they are read."""
    id = _id(call)
    return StreamingResponse(
        _pieces(call.site.pages.log_lines(id)), headers=_attached(f"job-{id}-log.txt"), media_type=_TEXT
    )


def _pieces(lines: Iterator[str]) -> Iterator[bytes]:
    while some := list(islice(lines, _LINES_PER_PIECE)):
        yield codec.text_bytes("".join(f"{line}\n" for line in some))


def _id(call: Call) -> int:
    try:
        return job_id(call)
    except JobNotFound as missing:
        raise Refused(404, str(missing)) from missing


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


ROUTES = (
    *(Route("GET", f"/jobs/:id/{name}", "data", partial(_field, name)) for name in JSON_FIELDS),
    Route("GET", "/jobs/:id/log", "data", _log),
)
