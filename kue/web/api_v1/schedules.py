"""`/api/v1/schedules`: recurring jobs, and what can be done with one.

The name of a schedule may hold anything, so it travels in the body and not in the address.
"""

from __future__ import annotations

from starlette.responses import Response

from kue.errors import ScheduleNotFound
from kue.schedules.schedule import Schedule
from kue.web.answers import as_json
from kue.web.call import Call
from kue.web.json_body import read_json
from kue.web.read_model.queue_views import schedule_row, schedule_rows
from kue.web.refused import Refused


def schedules(call: Call) -> Response:
    """Every schedule, by name."""
    rows = schedule_rows(call.site, call.site.settings.redaction, with_data=call.access.may("data"))
    return as_json({"schedules": rows})


def pause(call: Call) -> Response:
    """Save no more jobs until `resume`."""
    schedule = _named(call)
    schedule.pause()
    return _shown(call, schedule)


def resume(call: Call) -> Response:
    """Go on from now."""
    schedule = _named(call)
    schedule.resume()
    return _shown(call, schedule)


def trigger(call: Call) -> Response:
    """Save a job now; the next time stays."""
    schedule = _named(call)
    schedule.trigger()
    return _shown(call, schedule)


def remove(call: Call) -> Response:
    """Remove the schedule. Its jobs stay."""
    _named(call).remove()
    return Response(status_code=204)


def _named(call: Call) -> Schedule:
    body = read_json(call)
    if not isinstance(body, dict) or set(body) != {"name"} or not isinstance(body["name"], str):
        raise Refused(422, 'the body must be {"name": "..."}')
    found = call.site.queue.schedules().get(body["name"])
    if found is None:
        raise ScheduleNotFound(body["name"])
    return found


def _shown(call: Call, schedule: Schedule) -> Response:
    return as_json(schedule_row(schedule, call.site.settings.redaction, with_data=call.access.may("data")))
