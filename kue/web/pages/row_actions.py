"""What the button in the row of a job does without a script: the same as `/api/v1`, and then back to the list.

The form has one field: its name is the action, its value the id of the job. It is sent to the list's own address.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from starlette.responses import Response

from kue.web.api_v1 import jobs
from kue.web.api_v1.bulk import PERMISSION_OF
from kue.web.api_v1.problems import with_refusals
from kue.web.call import Call
from kue.web.pages.form import read_form
from kue.web.pages.frame import STATE_WORDS
from kue.web.refused import Refused
from kue.web.routing import Route

_CHANGES = {"retry": jobs.retry, "promote": jobs.promote, "cancel": jobs.cancel}


def _act(path: str, call: Call) -> Response:
    """Change one job, and lead to the list at a path."""
    form = read_form(call)
    if len(form) != 1 or not form.keys() <= _CHANGES.keys():
        raise Refused(422, f"the form must have one field, which is one of {', '.join(_CHANGES)}")
    [(action, [id, *_])] = form.items()
    if not call.access.may(PERMISSION_OF[action]):
        raise Refused(403, f"{action} needs the permission {PERMISSION_OF[action]}")
    with_refusals(_CHANGES[action])(replace(call, params={"id": id}, body=b""))
    written = call.request.scope["query_string"].decode("latin-1")
    return Response(status_code=303, headers={"Location": f"{call.address(path)}?{written}".removesuffix("?")})


ROUTES = tuple(
    Route("POST", path, "read", partial(_act, path), changes=True, has_body=True, one_of=("retry", "cancel"))
    for path in (*(f"/{state}" for state in STATE_WORDS), "/jobs")
)
