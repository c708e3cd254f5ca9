"""What the menu of a type on the overview does: pauses or resumes it, and queues its failed jobs again."""

from __future__ import annotations

from starlette.responses import Response

from kue.errors import InvalidOption
from kue.options.values import read_type
from kue.web.api_v1.bulk import PERMISSION_OF
from kue.web.call import Call
from kue.web.many import Changes
from kue.web.pages.overview_view import View
from kue.web.refused import Refused
from kue.web.routing import Route

MAX_JOBS = 1000
"""So many failed jobs are queued again at once; of more, the list of failed jobs takes care."""


def pause(call: Call) -> Response:
    """Let no Python process start jobs of a type until it is resumed."""
    type = _type(call)
    call.site.queue.pause(type)
    return _back(call)


def resume(call: Call) -> Response:
    """End the pause of a type; without one, that of the whole queue."""
    call.site.queue.resume(_type(call) if "of" in call.query else None)
    return _back(call)


def retry(call: Call) -> Response:
    """Queue the failed jobs of a type again, as an operation."""
    ids = call.site.store.ids(0, MAX_JOBS - 1, "failed", _type(call))
    change = Changes(call.site.queue.runtime, "failed").retry
    operation = call.site.operations.start("retry", ids, change, len(ids), call.access.user)
    return _back(call, operation=operation.id)


def _type(call: Call) -> str:
    try:
        return read_type(call.query.get("of", ""))
    except InvalidOption as wrong:
        raise Refused(422, str(wrong)) from wrong


def _back(call: Call, operation: str = "") -> Response:
    """Leads to the overview as it was."""
    address = View.of(call).address()
    if operation:
        address += f"{'&' if '?' in address else '?'}operation={operation}"
    return Response(status_code=303, headers={"Location": call.address(address)})


ROUTES = (
    Route("POST", "/types/pause", "pause", pause, changes=True),
    Route("POST", "/types/resume", "pause", resume, changes=True),
    Route("POST", "/types/retry", PERMISSION_OF["retry"], retry, changes=True),
)
