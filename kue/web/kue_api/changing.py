"""Kue's routes that change one job: its state, its priority, and whether it exists."""

from __future__ import annotations

from starlette.responses import Response

from kue.errors import JobInvalid
from kue.jobs.job import Job
from kue.options.values import STATES
from kue.web.answers import as_json
from kue.web.call import Call
from kue.web.kue_api.javascript import parse_int
from kue.web.kue_api.reading import job_id
from kue.web.priority import write_priority
from kue.web.refused import Refused


def set_state(call: Call) -> Response:
    """Move a job to a state."""
    state = call.params["state"]
    id = job_id(call)
    if state not in STATES:
        raise Refused(400, f"there is no state {state!r}; there are {', '.join(STATES)}")
    _job(call, id).state(state)
    return as_json({"message": "updated state"})


def set_priority(call: Call) -> Response:
    """Give a job another priority, a whole number."""
    priority = parse_int(call.params["priority"])
    if priority is None:
        return as_json({"error": "invalid priority"})
    write_priority(_job(call, job_id(call)), priority)
    return as_json({"message": "updated priority"})


def make_inactive(call: Call) -> Response:
    """Queue a job again. Its attempts stay as they are."""
    id = job_id(call)
    _job(call, id).inactive()
    return as_json({"message": f"job {id} inactive"})


def _job(call: Call, id: str) -> Job:
    """The job that is to be changed. Raises `JobInvalid` if it has no type, and then leaves it as it is."""
    type, state = call.site.store.type_and_state(id)
    if state and not type:
        raise JobInvalid(id, "has no type")
    return call.site.queue.get(id)


def remove(call: Call) -> Response:
    """Remove a job."""
    id = job_id(call)
    call.site.queue.remove_by_id(id)
    return as_json({"message": f"job {id} removed"})
