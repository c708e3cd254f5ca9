"""`/failures`: the newest failed jobs, grouped by what went wrong; each group can be retried or removed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.responses import Response

from kue.options.values import read_whole
from kue.web.api_v1.bulk import PERMISSION_OF
from kue.web.api_v1.problems import with_problems
from kue.web.call import Call
from kue.web.charts.hours import hour_bars, in_the_last_day
from kue.web.many import Change, Changes
from kue.web.pages.form import read_form
from kue.web.pages.frame import framed
from kue.web.pages.lists_of import list_address, types_with_addresses
from kue.web.pages.operation_words import outcome
from kue.web.read_model.failures import Group, groups
from kue.web.refused import Refused
from kue.web.routing import Route

_MAX_GROUPS = 100
_IDS = re.compile(r"[0-9]{1,15}(?: [0-9]{1,15})*", re.ASCII)


def failures(call: Call) -> Response:
    """The groups, the largest first. Without the permission `data`, no message is shown."""
    site = call.site
    found, scanned, total = groups(site.pages) if call.access.may("data") else ([], 0, site.pages.size("failed"))
    now = site.facts.now()
    return framed(
        call,
        "failures.html",
        "Failures",
        "failed",
        groups=[_row(group, now) for group in found[:_MAX_GROUPS]],
        all_groups=len(found),
        scanned=scanned,
        total=total,
        operation=_operation(call),
    )


def retry(call: Call) -> Response:
    """Queue the jobs of a group again."""
    return _change(call, "retry")


def remove(call: Call) -> Response:
    """Remove the jobs of a group. What a page without a script sends is asked about first."""
    ids = _ids(call)
    if read_form(call).get("sure") != ["yes"]:
        count = len(ids)
        text = f"{count:,} failed job{'s' * (count != 1)} will be removed, with their data, errors and logs. "
        return framed(
            call,
            "sure.html",
            f"Remove {count:,} jobs",
            "failed",
            text=text + "They cannot be brought back.",
            verb=f"Remove {count:,}",
            action="/failures/remove",
            back="/failures",
            fields={"ids": " ".join(map(str, ids)), "sure": "yes"},
        )
    return _change(call, "remove")


def _change(call: Call, action: str) -> Response:
    ids = _ids(call)
    change: Change = getattr(Changes(call.site.queue.runtime, "failed"), action)
    operation = call.site.operations.start(action, ids, change, len(ids), call.access.user)
    return Response(status_code=303, headers={"Location": call.address(f"/failures?operation={operation.id}")})


def _ids(call: Call) -> Sequence[int]:
    """The jobs that the group had when the page was made, so that no other one is touched."""
    text = read_form(call).get("ids", [""])[0]
    if not _IDS.fullmatch(text):
        raise Refused(422, "the field ids must have ids of jobs, with spaces between them")
    ids = list(dict.fromkeys(read_whole("each of the ids", int(id), least=1) for id in text.split(" ")))
    most = call.site.settings.limits.jobs_per_request
    if len(ids) > most:
        raise Refused(422, f"a request may name {most:,} jobs at most, not {len(ids):,}")
    return ids


def _operation(call: Call) -> dict[str, object] | None:
    """The operation that the page has begun, in words; None if it began none, or this process does not know it."""
    try:
        found = call.site.operations.get(call.query["operation"]) if "operation" in call.query else None
    except Refused:
        return None
    if found is None:
        return None
    return {"text": outcome(found), "is_running": found.state == "running", "id": found.id}


def _row(group: Group, now: int) -> dict[str, object]:
    return {
        "key": group.key,
        "message": group.message,
        "count": group.count,
        "types": types_with_addresses(group.types, "/failed"),
        "type_count": len(group.types),
        "first": group.first,
        "last": group.last,
        "bars": hour_bars(group.hours, now),
        "today": in_the_last_day(group.hours, now),
        "ids": " ".join(map(str, group.ids)),
        "show": list_address("/failed", alike=group.key),
    }


ROUTES = (
    Route("GET", "/failures", "read", failures),
    Route("POST", "/failures/retry", PERMISSION_OF["retry"], with_problems(retry), changes=True, has_body=True),
    Route("POST", "/failures/remove", PERMISSION_OF["remove"], with_problems(remove), changes=True, has_body=True),
)
