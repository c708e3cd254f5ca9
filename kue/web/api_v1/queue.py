"""`/api/v1/types`, `workers`, `failures`, `stats` and `settings`, and what holds types back."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from kue.common.version import VERSION
from kue.web.answers import as_json
from kue.web.api_v1.parameters import optional_type, whole
from kue.web.call import Call
from kue.web.json_body import read_json
from kue.web.read_model.failures import Group, groups
from kue.web.read_model.queue_views import process_rows, stats_rows, total_row, type_rows
from kue.web.refused import Refused
from kue.web.security.access import PERMISSIONS

HOUR_MS = 3_600_000
MAX_SINCE_MS = 14 * 24 * HOUR_MS
MAX_TYPES = 1000


def types(call: Call) -> Response:
    """The types with their counts, waits, pauses and limits; and all types together."""
    names = call.site.pages.some_types(min(MAX_TYPES, whole(call, "limit", MAX_TYPES)))
    return as_json({"all": total_row(call.site), "types": type_rows(call.site, names)})


def workers(call: Call) -> Response:
    """The Python processes that work, and those that were lost in the last hour."""
    return as_json({"workers": process_rows(call.site)})


def stats(call: Call) -> Response:
    """Numbers of the past by type, for the last `since` ms (an hour), of one `type` or of all."""
    since = whole(call, "since", HOUR_MS)
    if not 1 <= since <= MAX_SINCE_MS:
        raise Refused(422, f"since must be from 1 to {MAX_SINCE_MS} ms")
    types, facts = stats_rows(call.site, since, optional_type(call, "type")), call.site.facts
    return as_json({"since": since, "node_seen": facts.node_seen(), "observed": facts.observed(), "types": types})


def settings(call: Call) -> Response:
    """What the server is set to, and what the user may do."""
    site = call.site
    return as_json(
        {
            "version": VERSION,
            "title": site.settings.title,
            "redis": str(site.store.connections.address),
            "prefix": site.store.keys.prefix,
            "read_only": site.settings.read_only,
            "user": call.access.user or None,
            "permissions": [name for name in PERMISSIONS if call.access.may(name)],
        }
    )


def pause(call: Call) -> Response:
    """Let no Python process start jobs of a `type`, or of all, for `duration` ms or until `resume`."""
    body = _body(call, "type", "duration")
    call.site.queue.pause(body.get("type"), body.get("duration"))
    return _of_type(call, body.get("type"))


def resume(call: Call) -> Response:
    """End the pause of a `type`, or the one of all."""
    body = _body(call, "type")
    call.site.queue.resume(body.get("type"))
    return _of_type(call, body.get("type"))


def _of_type(call: Call, type: str | None) -> Response:
    return as_json(total_row(call.site) if type is None else type_rows(call.site, [type])[0])


def _body(call: Call, *names: str) -> dict[str, Any]:
    body = read_json(call)
    if body is None:
        return {}
    if not isinstance(body, dict) or body.keys() - set(names):
        raise Refused(422, f"the body must be an object with {' and '.join(names)}")
    return body


def failures(call: Call) -> Response:
    """The newest failed jobs, grouped by what went wrong."""
    found, scanned, total = groups(call.site.pages)
    return as_json({"groups": [_group(group) for group in found], "scanned": scanned, "total": total})


def _group(group: Group) -> dict[str, Any]:
    hours = [{"at": at, "count": count} for at, count in sorted(group.hours.items())]
    times = {"first": group.first, "last": group.last, "hours": hours}
    types = dict(group.types.most_common())
    return {"key": group.key, "message": group.message, "count": group.count, "types": types, **times, "ids": group.ids}
