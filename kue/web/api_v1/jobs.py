"""`/api/v1/jobs`: one job with its runs and log, new jobs, and what can be done with one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from kue.errors import ConnectionFailed, JobInvalid, JobNotFound, RedisRefused
from kue.store.bulk import Bulk
from kue.store.job_hash import JobHash
from kue.web.answers import as_json
from kue.web.api_v1.parameters import whole
from kue.web.call import Call
from kue.web.json_body import read_json
from kue.web.many import STATES_OF
from kue.web.priority import write_priority
from kue.web.read_model.job_view import JobViews
from kue.web.refused import Refused

MAX_LOG_LINES = 1000
IDEMPOTENT_FOR = timedelta(hours=24)
_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
MAX_KEY = 200


def job(call: Call) -> Response:
    """One job with its runs and a piece of its log, from line `log_from` on."""
    id = job_id(call)
    first = whole(call, "log_from", 0)
    found = call.site.store.hashes([id])[0]
    if found is None:
        raise JobNotFound(id)
    shown = JobViews(call.site).view(id, found, with_data=call.access.may("data"), runs=True)
    lines, total = call.site.pages.log(id, first, MAX_LOG_LINES)
    shown["log"] = {"from": first, "total": total, "lines": lines if call.access.may("data") else None}
    return as_json(shown)


def create(call: Call) -> Response:
    """A new job from `type`, `data` and options. 201 if it is new, 200 if another job holds its unique key."""
    body = read_json(call)
    if not isinstance(body, dict):
        raise Refused(422, "the body must be an object with a type")
    options = {name: value for name, value in body.items() if name not in ("type", "data")}
    key = call.request.headers.get("idempotency-key")
    if key is not None:
        if options.get("unique") is not None:
            raise Refused(422, "the header Idempotency-Key and the option unique exclude one another")
        if not 0 < len(key) <= MAX_KEY:
            raise Refused(422, f"the header Idempotency-Key must have from 1 to {MAX_KEY} characters")
        options["unique"] = {"key": f"idempotency:{key}", "within": IDEMPOTENT_FOR}
    if "type" not in body:
        raise Refused(422, "the job has no type")
    queue = call.site.queue
    # Not by keywords of `queue.create`, of which a name in the body could be one, such as `self`.
    saved = queue.job_class.create(queue.runtime, body["type"], body.get("data"), options).save()
    id = int(saved.id or 0)
    return as_json(_view(call, id), 200 if saved.existing else 201, {"Location": call.address(f"/api/v1/jobs/{id}")})


def retry(call: Call) -> Response:
    """Queue a job that has failed or is complete again."""
    return _change(call, "retry", lambda bulk, id, state: bulk.retry_jobs([id], state, ""))


def promote(call: Call) -> Response:
    """Queue a delayed job before its time."""
    return _change(call, "promote", lambda bulk, id, state: bulk.retry_jobs([id], state, ""))


def remove(call: Call) -> Response:
    """Remove a job; not one that a Node worker runs."""
    id = job_id(call)
    type, state = call.site.store.type_and_state(id)
    if not type or not state:
        call.site.queue.remove_by_id(id)
    elif not Bulk(call.site.queue.runtime.store).remove_jobs([id], state, ""):
        raise _conflict(call, id, "remove")
    return Response(status_code=204)


def cancel(call: Call) -> Response:
    """Have a job fail now, or its handler told to end. The body may have a `reason`."""
    id = job_id(call)
    state = _state(call, id)
    if state not in STATES_OF["cancel"]:
        raise _conflict(call, id, "cancel")
    body = read_json(call)
    if body is not None and (not isinstance(body, dict) or body.keys() - {"reason"}):
        raise Refused(422, "the body must be an object with a reason")
    call.site.queue.cancel_by_id(id, (body or {}).get("reason", ""))
    return as_json(_view(call, id))


def priority(call: Call) -> Response:
    """Give a job another `priority`, a whole number or one of Kue's words."""
    body = read_json(call)
    if not isinstance(body, dict) or set(body) != {"priority"}:
        raise Refused(422, 'the body must be {"priority": ...}')
    id = job_id(call)
    _state(call, id)
    write_priority(call.site.queue.get(id), body["priority"])
    return as_json(_view(call, id))


def job_id(call: Call) -> int:
    """The id in the address. Raises `JobNotFound` if no job can have it."""
    text = call.params["id"]
    if not _ID.fullmatch(text):
        raise JobNotFound(text)
    return int(text)


def _change(call: Call, action: str, change: Callable[[Bulk, int, str], int]) -> Response:
    """Change a job in a state that the action takes; else 409 with the state that it has."""
    id = job_id(call)
    state = _state(call, id)
    if state not in STATES_OF[action] or not change(Bulk(call.site.queue.runtime.store), id, state):
        raise _conflict(call, id, action)
    return as_json(_view(call, id))


def _conflict(call: Call, id: int, action: str) -> Refused:
    state = _state(call, id)
    if state not in STATES_OF[action]:
        return Refused(409, f"job {id} is {state}, so that {action} does not change it", state=state)
    why = "a Node worker has it, or is about to change it, or a key of its type is of the wrong kind"
    return Refused(409, f"job {id} is {state}, but {action} leaves it: {why}", state=state)


def _state(call: Call, id: int) -> str:
    """The state of a job. Raises `JobNotFound`, or `JobInvalid` if it has no type, so that it can only be removed."""
    type, state = call.site.store.type_and_state(id)
    if not state and not type:
        raise JobNotFound(id)
    if not type:
        raise JobInvalid(id, "has no type, so that it can only be removed")
    return state or "in no state"


def _view(call: Call, id: int) -> dict[str, Any]:
    """A job that was changed, which is so even if it cannot be shown: it may have run meanwhile, and be gone."""
    found: JobHash | Exception | None
    try:
        found = call.site.store.hashes([id])[0]
    except (ConnectionFailed, RedisRefused) as problem:
        found = problem
    return JobViews(call.site).view(id, found, with_data=call.access.may("data"))
