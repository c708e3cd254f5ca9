"""`/api/v1/bulk` and `operations`: changes to many jobs, which go on while the client is away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import Response

from kue.options.values import parse_number, read_choice, read_state, read_whole
from kue.store.job_hash import JobHash
from kue.web.answers import as_json
from kue.web.api_v1.filters import NAMES, read_filter
from kue.web.call import Call
from kue.web.json_body import read_json
from kue.web.many import Change, Changes
from kue.web.operations import Operation
from kue.web.read_model.job_list import Wanted
from kue.web.refused import Refused

PERMISSION_OF = {"retry": "retry", "promote": "retry", "cancel": "cancel", "remove": "remove"}
_PAGE = 500


def start(call: Call) -> Response:
    """Begin an operation on `ids`, or on all jobs that a `filter` takes now. 202 with what it can be asked by.

    With `ids` may come the `state` that the jobs must still be in.
    """
    body = read_json(call)
    if not isinstance(body, dict) or set(body) - {"state"} not in ({"action", "ids"}, {"action", "filter"}):
        raise Refused(422, "the body must be an action, and either ids or a filter")
    if "state" in body and "filter" in body:
        raise Refused(422, "the state must stand in the filter")
    action = _action(call, body.get("action"))
    if "ids" in body:
        ids = _ids(call, body["ids"])
        change = _change(call, action, read_state(body["state"]) if "state" in body else "")
        operation = call.site.operations.start(action, ids, change, len(ids), call.access.user)
    else:
        wanted = _wanted(call, body["filter"])
        total = call.site.pages.size(wanted.state, wanted.type_of_set) if wanted.takes_all else None
        walk = _walk(call, wanted, call.site.store.now())
        operation = call.site.operations.start(
            action, walk, _change(call, action, wanted.state), total, call.access.user
        )
    return as_json(_shown(operation), 202, {"Location": call.address(f"/api/v1/operations/{operation.id}")})


def operations(call: Call) -> Response:
    """The operations of this process, the newest first."""
    return as_json({"operations": [_shown(operation) for operation in call.site.operations.all()]})


def operation(call: Call) -> Response:
    """How far an operation is, and which of its jobs were not done."""
    return as_json(_shown(call.site.operations.get(call.params["id"])))


def stop(call: Call) -> Response:
    """Stop an operation behind the hundred jobs that it is at. What is done stays done."""
    found = call.site.operations.get(call.params["id"])
    _check_permission(call, found.action)
    found.stopping.set()
    return as_json(_shown(found))


def _action(call: Call, given: object) -> str:
    action = read_choice("action", given, PERMISSION_OF)
    _check_permission(call, action)
    return action


def _check_permission(call: Call, action: str) -> None:
    if not call.access.may(PERMISSION_OF[action]):
        raise Refused(403, f"{action} needs the permission {PERMISSION_OF[action]}")


def _change(call: Call, action: str, state: str) -> Change:
    change: Change = getattr(Changes(call.site.queue.runtime, state), action)
    return change


def _ids(call: Call, given: object) -> list[int]:
    most = call.site.settings.limits.jobs_per_request
    if not isinstance(given, list) or not given or len(given) > most:
        raise Refused(422, f"ids must be a list of 1 to {most} ids")
    return list(dict.fromkeys(read_whole("each of the ids", id, least=1) for id in given))


def _wanted(call: Call, given: object) -> Wanted:
    """The jobs that a filter takes. It must name a state, so that the walk is along one set."""
    if not isinstance(given, dict) or "state" not in given or not given.keys() <= NAMES:
        others = ", ".join(sorted(NAMES - {"state"}))
        raise Refused(422, f"filter must be an object with a state, and maybe {others}")
    empty = next((name for name in given if given[name] in (None, "")), None)
    if empty is not None:  # it may come from a variable that was never set, and would take all jobs
        raise Refused(422, f"{empty} must not be empty: leave it out to take jobs whatever their {empty} is")
    return read_filter(given, call.access, lambda name: _moment(name, given))


def _moment(name: str, given: Mapping[str, Any]) -> int | None:
    return read_whole(name, given[name], least=0) if name in given else None


def _walk(call: Call, wanted: Wanted, began: int) -> Iterator[int]:
    """The jobs that a filter takes, along their set. One that came there since the beginning is left alone."""
    pages, last = call.site.pages, None
    while page := pages.after(_PAGE, wanted.state, wanted.type, last):
        last = page[-1]
        ids = [place.id for place in page if place.id is not None]
        for id, fields in pages.rows(ids, JobHash._fields):
            job = JobHash(**fields)
            if wanted.takes(job) and (parse_number(job.updated_at) or 0) <= began:
                yield id


def _shown(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.id,
        "action": operation.action,
        "state": operation.state,
        "total": operation.total,
        "seen": operation.seen,
        "done": operation.done,
        "not_done": operation.not_done,
        "named": [{"id": one.id, "reason": one.reason} for one in operation.named],
        "error": operation.error,
        "user": operation.user or None,
        "started_at": operation.started_at,
        "ended_at": operation.ended_at,
    }
