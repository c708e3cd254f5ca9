"""The routes of `/api/v1`, each with its description. The OpenAPI file is made of them, and the reference checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from starlette.responses import Response

from kue.options.schemas import TEXT, Schema, either
from kue.web.api_v1 import bulk, inputs, jobs, lists, live, queue, schedules
from kue.web.api_v1.problems import with_problems
from kue.web.api_v1.schemas import named
from kue.web.call import Call
from kue.web.description import Answer, Description, Parameter
from kue.web.live.sending import STREAM_TYPE
from kue.web.routing import ANSWER_SECONDS, Route

PREFIX = "/api/v1"


def _route(
    method: str,
    path: str,
    permission: str,
    endpoint: Callable[[Call], Response],
    description: Description,
    seconds: float = ANSWER_SECONDS,
    *,
    one_of: Collection[str] = (),
    waits: bool = True,
) -> Route:
    return Route(
        method,
        f"{PREFIX}/{path}",
        permission,
        with_problems(endpoint, description.parameters),
        changes=method != "GET",
        seconds=seconds,
        waits=waits,
        description=description,
        has_body=description.body is not None,
        one_of=one_of,
    )


def _shows(summary: str, name: str, problems: Sequence[int] = (), parameters: Sequence[Parameter] = ()) -> Description:
    """A route that answers one of the schemas."""
    return Description(summary, {200: Answer("what was asked for", named(name))}, problems, parameters)


def _of_job(summary: str, body: Schema | None = None, *, needs_body: bool = True) -> Description:
    """A route that changes a job."""
    return Description(summary, _CHANGED_JOB, (404, 409), inputs.JOB, body, needs_body)


def _of_types(summary: str, body: str) -> Description:
    """A route that changes a type, or all."""
    changed = either(named("Type"), named("AllTypes"))
    return Description(summary, {200: Answer("as it is then", changed)}, body=named(body), needs_body=False)


def _of_schedule(summary: str, answers: Mapping[int, Answer] | None = None) -> Description:
    """A route that changes the schedule whose name is in the body."""
    changed = answers or {200: Answer("the schedule as it is then", named("Schedule"))}
    return Description(summary, changed, (404,), body=named("ScheduleName"))


_CHANGED_JOB = {200: Answer("the job as it is then", named("Job"))}
_GONE = {204: Answer("it is gone")}
_CREATES = Description(
    "creates a job",
    {
        201: Answer("a new job", named("Job"), "the job"),
        200: Answer("the job that holds the unique key", named("Job"), "the job"),
    },
    (409,),
    inputs.ONCE,
    named("NewJob"),
)
_JOB = _shows("a job with its runs and a piece of its log", "JobWithRuns", (404,), (*inputs.JOB, *inputs.LOG))
_REMOVES = Description("removes a job", _GONE, (404, 409), inputs.JOB)
_CHANGES_MANY = Description(
    "changes many jobs: an operation",
    {202: Answer("the operation, which goes on", named("Operation"), "the operation")},
    (429,),
    body=named("NewOperation"),
)
_OPERATION = _shows("how far an operation is, and which jobs it left", "Operation", (404,), inputs.OPERATION)
_TYPES = _shows("the types, with counts, waits, pauses and limits", "Types", (), inputs.TYPES)
_STATS = _shows("numbers of the past by type, for the last since ms", "Stats", (), inputs.STATS)
_FAILURES = _shows("the newest thousand failed jobs, grouped by what went wrong", "Failures")
_WORKERS = _shows("the Python processes, and those lost in the last hour", "Workers")
_SETTINGS = _shows("what the server is set to, and what the user may do", "Settings")
_CANCELS = _of_job("cancels a job, for a reason if one is given", named("Cancel"), needs_body=False)
_PRIORITY = _of_job("gives a job another priority", named("Priority"))
_PAUSES = _of_types("pauses a type, or all, for a duration if one is given", "Pause")
_LIST = _shows("jobs of a set, page by page", "Jobs", (), inputs.LIST)
_STOPS = _shows("stops an operation", "Operation", (404,), inputs.OPERATION)
_STREAM = Answer("a stream of events: each has a JSON object with a topic, in its data", TEXT, media_type=STREAM_TYPE)
_EVENTS = Description("the live stream: what changes of some topics", {200: _STREAM}, (501,), inputs.LIVE)
_LIVE = _shows("the same state once, as JSON", "Live", (), inputs.LIVE)

ROUTES = (
    _route("GET", "jobs", "read", lists.jobs, _LIST, lists.SECONDS),
    _route("POST", "jobs", "create", jobs.create, _CREATES),
    _route("GET", "jobs/:id", "read", jobs.job, _JOB),
    _route("POST", "jobs/:id/retry", "retry", jobs.retry, _of_job("queues a failed or complete job again")),
    _route("POST", "jobs/:id/promote", "retry", jobs.promote, _of_job("queues a delayed job before its time")),
    _route("POST", "jobs/:id/priority", "retry", jobs.priority, _PRIORITY),
    _route("POST", "jobs/:id/cancel", "cancel", jobs.cancel, _CANCELS),
    _route("POST", "jobs/:id/remove", "remove", jobs.remove, _REMOVES),
    # it looks at the permission of the action itself
    _route("POST", "bulk", "read", bulk.start, _CHANGES_MANY, one_of=bulk.PERMISSION_OF.values()),
    _route("GET", "operations", "read", bulk.operations, _shows("the operations of this process", "Operations")),
    _route("GET", "operations/:id", "read", bulk.operation, _OPERATION),
    _route("POST", "operations/:id/stop", "read", bulk.stop, _STOPS),
    _route("GET", "events", "read", live.events, _EVENTS, waits=False),
    _route("GET", "live", "read", live.live, _LIVE),
    _route("GET", "types", "read", queue.types, _TYPES),
    _route("POST", "types/pause", "pause", queue.pause, _PAUSES),
    _route(
        "POST", "types/resume", "pause", queue.resume, _of_types("ends the pause of a type, or that of all", "Resume")
    ),
    _route("GET", "failures", "data", queue.failures, _FAILURES),
    _route("GET", "workers", "read", queue.workers, _WORKERS),
    _route("GET", "stats", "read", queue.stats, _STATS),
    _route("GET", "settings", "read", queue.settings, _SETTINGS),
    _route("GET", "schedules", "read", schedules.schedules, _shows("the recurring jobs", "Schedules")),
    _route("POST", "schedules/pause", "schedule", schedules.pause, _of_schedule("pauses the schedule with a name")),
    _route("POST", "schedules/resume", "schedule", schedules.resume, _of_schedule("lets a schedule go on")),
    _route("POST", "schedules/trigger", "schedule", schedules.trigger, _of_schedule("saves a job of a schedule now")),
    _route("POST", "schedules/remove", "schedule", schedules.remove, _of_schedule("removes a schedule", _GONE)),
)
