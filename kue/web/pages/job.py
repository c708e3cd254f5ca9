"""`/jobs/<id>`: a job with all that is known of it, and what can be done with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from starlette.responses import Response

from kue.errors import JobNotFound
from kue.web.api_v1.jobs import job_id
from kue.web.call import Call
from kue.web.charts.runs import WAITS, timeline
from kue.web.job_code import Code, job_code, options_of
from kue.web.pages.form import read_form
from kue.web.pages.frame import framed
from kue.web.pages.job_actions import PERMISSIONS, act
from kue.web.read_model import job_words
from kue.web.read_model.job_page import MAX_LINES, JobPage, read_job
from kue.web.refused import Refused
from kue.web.routing import Route
from kue.web.visible import log_line, one_line
from kue.web.words import percent

MAX_FRAMES = 40
"""So many lines of a stack are shown at first."""
_MAX_LINE_CHARACTERS = 500  # of an error: a longer line is broken
_MAX_PROGRAM_BYTES = 16_000  # of data
_STORES_ERROR = ("failed", "ttl", "cancelled")  # the others leave the error of an earlier run
_LINE = re.compile(r"[0-9]{1,12}", re.ASCII)
_NOTES = {
    "created": "The job was created.",
    "existing": "This job holds the unique key already, so no new one was created.",
    "removed": "The job was removed.",
}
"""What a page can be led to with, as `?note=`."""


def job(call: Call) -> Response:
    """A page with one job."""
    try:
        id = job_id(call)
    except JobNotFound:
        return _missing(call, call.params["id"], read_job(call.site, 0, with_data=False)[1])
    return _page(call, id)


def _page(call: Call, id: int, problem: Refused | None = None) -> Response:
    asked = call.query.get("log", "")
    first_line = int(asked) if _LINE.fullmatch(asked) else None
    found, last_id = read_job(call.site, id, with_data=call.access.may("data"), first_line=first_line)
    if found is None:
        return _missing(call, str(id), last_id)
    status = problem.status if problem else 200
    return framed(
        call, "job.html", f"#{id} {one_line(found.title)}".strip(), "", status, **_values(call, found, problem)
    )


def _missing(call: Call, id: str, last_id: int) -> Response:
    """A page that says so. It is what was asked for if the job was just removed, and else an error."""
    note = _NOTES["removed"] if call.query.get("note") == "removed" else ""
    title, status = f"#{one_line(id)[:40]}", 200 if note else 404
    return framed(call, "job_missing.html", title, "jobs", status, id=id, last_id=last_id, note=note)


def _values(call: Call, job: JobPage, problem: Refused | None) -> dict[str, Any]:
    view, now = job.view, call.site.facts.now()
    runs = view["runs"]
    is_waiting = view["state"] in ("inactive", "delayed")
    lost = sum(run.get("outcome") == "ghost" for run in runs)
    return {
        "job": job,
        "view": view,
        "host": job_words.host_of(view["worker"]) if view["state"] == "active" else "",
        "actions": [one for one in job_words.actions_of(view) if call.access.may(one.permission)],
        "may_duplicate": call.access.may("create") and call.access.may("data") and bool(view["type"]),
        "codes": _codes(call, job),
        "details": list(job_words.details(view, lost)),
        "timeline": timeline(runs, view["created_at"], now, waits=is_waiting),
        "outcomes": job_words.OUTCOMES | {WAITS: "Queued" if view["state"] == "inactive" else "Delayed"},
        "lacks_runs": bool(runs) and runs[0].get("run") != 1,
        "error": list(_stack(view["error"] or "")),
        "error_run": next((run for run in reversed(runs) if run.get("outcome") in _STORES_ERROR), None),
        "failed_runs": [run for run in reversed(runs) if run.get("error")],
        "max_frames": MAX_FRAMES,
        "lines": None if job.log.lines is None else [log_line(line) for line in job.log.lines],
        "lines_at_once": MAX_LINES,
        "problem": problem.message if problem else "",
        "note": _NOTES.get(call.query.get("note", ""), ""),
        "progress": _progress(view["progress"], view["state"]),
    }


def _stack(error: str) -> Iterator[str]:
    """The lines of an error, in pieces if they are long, so that no error makes the page very long."""
    for line in error.split("\n") if error else ():
        for start in range(0, max(1, len(line)), _MAX_LINE_CHARACTERS):
            yield line[start : start + _MAX_LINE_CHARACTERS]


def _progress(progress: Any, state: Any) -> int | None:
    """The progress in per cent, if it is worth showing."""
    shown = percent(progress)
    return shown if shown or state == "active" else None


def _codes(call: Call, job: JobPage) -> list[Code]:
    """Programs that create such a job; none if its data is not shown, or too long to be pasted."""
    data = (job.fields or {}).get("data")
    if not job.view["type"] or data is None or data.tree is None or data.size > _MAX_PROGRAM_BYTES:
        return []
    url = call.request.url
    address = f"{url.scheme}://{url.netloc}{call.address('/api/v1/jobs')}"
    return job_code(job.view["type"], data.tree, options_of(job.view), address)


def _do(action: str, call: Call) -> Response:
    """Do something with a job, and lead back to its page."""
    id = call.params["id"]
    if action == "remove" and read_form(call).get("sure") != ["yes"]:
        return _ask(call, id)
    try:
        act(call, action)
    except Refused as refused:
        if refused.status not in (404, 409, 422):
            raise
        return _missing(call, id, 0) if refused.status == 404 else _page(call, job_id(call), refused)
    note = "?note=removed" if action == "remove" else ""
    return Response(status_code=303, headers={"Location": call.address(f"/jobs/{id}{note}")})


def _ask(call: Call, given: str) -> Response:
    """A page that asks before a job is removed. With scripts, a dialog has asked already."""
    try:
        id = job_id(call)
    except JobNotFound:
        return _missing(call, given, 0)
    text = "Its data, log and history are removed too. They cannot be brought back."
    own: dict[str, Any] = {"text": text, "verb": "Remove", "action": f"/jobs/{id}/remove", "back": f"/jobs/{id}"}
    return framed(call, "sure.html", f"Remove job {id}", "", fields={"sure": "yes"}, **own)


def _forms() -> Mapping[str, Any]:
    """An endpoint for each action."""
    return {action: partial(_do, action) for action in PERMISSIONS}


ROUTES = (
    Route("GET", "/jobs/:id", "read", job),
    *(
        Route("POST", f"/jobs/:id/{action}", PERMISSIONS[action], endpoint, changes=True, has_body=True)
        for action, endpoint in _forms().items()
    ),
)
