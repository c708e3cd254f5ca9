"""What the button in the row of a job does without a script: the same as `/api/v1`, and then back to the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.responses import Response

from kue.web.api_v1 import jobs
from kue.web.api_v1.problems import with_problems
from kue.web.call import Call
from kue.web.pages.form import back_to, read_form
from kue.web.routing import Route


def _action(name: str, permission: str, change: Callable[[Call], Response]) -> Route:
    def act(call: Call) -> Response:
        back = read_form(call).get("back", [""])[0]
        change(replace(call, body=b""))
        return back_to(call, back, f"/jobs/{jobs.job_id(call)}")

    return Route("POST", f"/jobs/:id/{name}", permission, with_problems(act), changes=True, has_body=True)


ROUTES = (
    _action("retry", "retry", jobs.retry),
    _action("promote", "retry", jobs.promote),
    _action("cancel", "cancel", jobs.cancel),
)
