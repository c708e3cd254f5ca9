"""`/schedules`: the recurring jobs, when each is due, how its last job ended, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from kue.common import strict_json
from kue.errors import ScheduleNotFound
from kue.schedules.schedule import Schedule
from kue.web.api_v1.problems import with_problems
from kue.web.call import Call
from kue.web.pages.form import read_form
from kue.web.pages.frame import STATE_WORDS, framed
from kue.web.pages.lists_of import list_address
from kue.web.read_model.schedule_views import MAX_SHOWN, ScheduleView, read_schedules
from kue.web.refused import Refused
from kue.web.routing import Route
from kue.web.visible import one_line

_MAX_TEXT = 200
_TRIGGERED, _PERMISSION = "triggered", "schedule"


def schedules(call: Call) -> Response:
    """The schedules by name; of very many, those with the text `q`."""
    text = call.query.get("q", "").strip()[:_MAX_TEXT]
    found = read_schedules(call.site, text, with_data=call.access.may("data"))
    triggered = call.query.get(_TRIGGERED, "")
    return framed(
        call,
        "schedules.html",
        "Schedules",
        "schedules",
        found=found,
        rows=[_row(view, call.site.facts.now() - call.site.settings.thresholds.late) for view in found.views],
        text=text,
        most=MAX_SHOWN,
        triggered=int(triggered) if triggered.isascii() and triggered.isdigit() and len(triggered) < 16 else None,
    )


def trigger(call: Call) -> Response:
    """Save a job of a schedule now."""
    job = _named(call).trigger()
    return _back(call, f"/schedules?{_TRIGGERED}={job.id}")


def pause(call: Call) -> Response:
    """Save no more jobs of a schedule."""
    _named(call).pause()
    return _back(call, "/schedules")


def resume(call: Call) -> Response:
    """Let a schedule go on."""
    _named(call).resume()
    return _back(call, "/schedules")


def remove(call: Call) -> Response:
    """Remove a schedule. What a page without a script sends is asked about first."""
    schedule = _named(call)
    if read_form(call).get("sure") != ["yes"]:
        return framed(
            call,
            "sure.html",
            "Remove a schedule",
            "schedules",
            text=f"The schedule {one_line(schedule.name)} will be removed. The jobs that it has saved stay.",
            verb="Remove",
            action="/schedules/remove",
            back="/schedules",
            fields={"name": strict_json.dumps(schedule.name), "sure": "yes"},
        )
    schedule.remove()
    return _back(call, "/schedules")


def _named(call: Call) -> Schedule:
    """The schedule whose name is in the form, as JSON: browsers change the line breaks of any other text."""
    try:
        name: Any = strict_json.loads(read_form(call).get("name", [""])[0])
    except ValueError as problem:
        raise Refused(422, f"the field name must be JSON ({problem})") from None
    found = call.site.queue.schedules().get(name) if isinstance(name, str) else None
    if found is None:
        raise ScheduleNotFound(str(name))
    return found


def _back(call: Call, path: str) -> Response:
    return Response(status_code=303, headers={"Location": call.address(path)})


def _row(view: ScheduleView, late_before: float) -> dict[str, object]:
    return {
        "view": view,
        "field": strict_json.dumps(view.name),
        "type_address": list_address("/jobs", type=view.type),
        "state_word": STATE_WORDS.get(view.last_state, ""),
        "is_late": view.next_at is not None and view.next_at < late_before,
    }


def _action(name: str, act: Callable[[Call], Response]) -> Route:
    return Route("POST", f"/schedules/{name}", _PERMISSION, with_problems(act), changes=True, has_body=True)


ROUTES = (
    Route("GET", "/schedules", "read", schedules),
    _action("trigger", trigger),
    _action("pause", pause),
    _action("resume", resume),
    _action("remove", remove),
)
