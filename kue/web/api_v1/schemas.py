"""What `/api/v1` takes and answers, as JSON Schema. The tests check every answer that they get against it.

A new field of an answer has a place here, else every test that gets the answer fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from kue.options.job import JOB_OPTIONS
from kue.options.schemas import FLAG, LONG_DURATION, NULL, PRIORITY, TEXT, Schema, closed, either, one_of, whole
from kue.options.values import ALL_TYPES, STATES
from kue.web.api_v1.bulk import PERMISSION_OF
from kue.web.operations import State
from kue.web.security.access import PERMISSIONS

ANYTHING: Schema = {}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
ID = whole(1, 10**18 - 1)
TYPE: Schema = {"type": "string", "minLength": 1, "not": either({"const": ALL_TYPES}, {**TEXT, "pattern": "^py:"})}
"""The type of a job: not `*`, and none that begins with `py:`."""
SEARCHED: Schema = {"type": "string", "maxLength": 1000}
MOMENT = POSITION = whole(0)


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return either(schema, NULL)


def listed(schema: Schema) -> Schema:
    """A list of such values."""
    return {"type": "array", "items": schema}


def by_name(schema: Schema) -> Schema:
    """An object whose keys are names, and whose values are such."""
    return {"type": "object", "additionalProperties": schema}


def named(name: str) -> Schema:
    """One of the schemas below."""
    return {"$ref": f"#/components/schemas/{name}"}


def answer(**properties: Schema) -> Schema:
    """An object that always has each of its properties, and no others."""
    return closed(properties, properties)


_OPTIONAL_NUMBER, _OPTIONAL_TEXT, _OPTIONAL_COUNT = or_null(NUMBER), or_null(TEXT), or_null(COUNT)
_COUNTS = answer(**{state: _OPTIONAL_COUNT for state in STATES})
_JOB: Mapping[str, Schema] = {
    "id": COUNT,
    "type": _OPTIONAL_TEXT,
    "state": _OPTIONAL_TEXT,
    "priority": _OPTIONAL_NUMBER,
    "attempts": or_null(answer(made=NUMBER, max=NUMBER)),
    **dict.fromkeys(("created_at", "updated_at", "promote_at", "started_at", "failed_at"), _OPTIONAL_NUMBER),
    **dict.fromkeys(("finished_at", "duration", "delay", "ttl"), _OPTIONAL_NUMBER),
    "backoff": ANYTHING,
    "remove_on_complete": or_null(FLAG),
    "remove_on_fail": or_null(FLAG),
    "worker": _OPTIONAL_TEXT,
    "requeues": _OPTIONAL_NUMBER,
    "unique": _OPTIONAL_TEXT,
    "schedule": _OPTIONAL_TEXT,
    "planned_at": _OPTIONAL_NUMBER,
    "progress": _OPTIONAL_NUMBER,
    "data": ANYTHING,
    "result": ANYTHING,
    "progress_data": ANYTHING,
    "error": _OPTIONAL_TEXT,
    "unreadable": listed(TEXT),
}
_FLOW: Mapping[str, Schema] = {
    "paused": FLAG,
    "paused_for": _OPTIONAL_COUNT,
    "limit": or_null(
        answer(concurrency=_OPTIONAL_NUMBER, per=or_null(answer(jobs=NUMBER, duration=NUMBER))),
    ),
}
_NUMBERS: Mapping[str, Schema] = {
    **dict.fromkeys(("created", "started", "completed", "failed", "retried"), COUNT),
    **dict.fromkeys(("ghosts", "snoozed", "cancelled", "run", "wait", "max"), COUNT),
    **dict.fromkeys(("p50", "p95", "wait_p95"), _OPTIONAL_NUMBER),
}
FILTERS: Mapping[str, Schema] = {
    "state": one_of(STATES),
    "type": TYPE,
    "worker": SEARCHED,
    "message": SEARCHED,
    "alike": SEARCHED,
    "match": SEARCHED,
    **dict.fromkeys(("created_from", "created_to", "failed_from", "failed_to"), MOMENT),
}
"""What says which jobs are wanted, in a list and in the filter of an operation."""
_NOT_EMPTY: Schema = {**SEARCHED, "minLength": 1}
_ACTION = one_of(PERMISSION_OF)

COMPONENTS: Mapping[str, Schema] = {
    "Job": answer(**_JOB),
    "JobWithRuns": answer(
        **_JOB, runs=listed(named("Run")), log=answer(**{"from": COUNT}, total=COUNT, lines=or_null(listed(TEXT)))
    ),
    "Run": answer(
        run=COUNT,
        attempt=COUNT,
        worker=_OPTIONAL_TEXT,
        start=NUMBER,
        duration=_OPTIONAL_NUMBER,
        outcome=TEXT,
        error=_OPTIONAL_TEXT,
    ),
    "Jobs": answer(jobs=listed(named("Job")), total=COUNT, scanned=COUNT, cursor=_OPTIONAL_TEXT),
    "Cancel": closed({"reason": TEXT}),
    "Priority": closed({"priority": or_null(PRIORITY)}, ["priority"]),
    "Filter": closed({name: _NOT_EMPTY if each is SEARCHED else each for name, each in FILTERS.items()}, ["state"]),
    "NewOperation": either(
        closed(
            {
                "action": _ACTION,
                "ids": {**listed(whole(1)), "minItems": 1, "maxItems": 1000},
                "state": one_of(STATES),
            },
            ["action", "ids"],
        ),
        closed({"action": _ACTION, "filter": named("Filter")}, ["action", "filter"]),
    ),
    "Operation": answer(
        id=TEXT,
        action=_ACTION,
        state=one_of(get_args(State)),
        total=_OPTIONAL_COUNT,
        seen=COUNT,
        done=COUNT,
        not_done=COUNT,
        named=listed(answer(id=COUNT, reason=TEXT)),
        error=_OPTIONAL_TEXT,
        user=_OPTIONAL_TEXT,
        started_at=NUMBER,
        ended_at=_OPTIONAL_NUMBER,
    ),
    "Operations": answer(operations=listed(named("Operation"))),
    "Event": answer(topic=TEXT, whole=FLAG, values=by_name(ANYTHING)),
    "Live": answer(events=listed(named("Event"))),
    "Type": answer(type=TEXT, counts=_COUNTS, oldest_wait=NUMBER, **_FLOW),
    "AllTypes": answer(counts=_COUNTS, **_FLOW),
    "Types": answer(all=named("AllTypes"), types=listed(named("Type"))),
    "Pause": closed({"type": or_null(TYPE), "duration": or_null(LONG_DURATION)}),
    "Resume": closed({"type": or_null(TYPE)}),
    "FailureGroup": answer(
        key=TEXT,
        message=TEXT,
        count=COUNT,
        types=by_name(COUNT),
        first=_OPTIONAL_NUMBER,
        last=_OPTIONAL_NUMBER,
        hours=listed(answer(at=NUMBER, count=COUNT)),
        ids=listed(COUNT),
    ),
    "Failures": answer(groups=listed(named("FailureGroup")), scanned=COUNT, total=COUNT),
    "Worker": answer(
        id=TEXT,
        host=TEXT,
        pid=COUNT,
        version=TEXT,
        types=by_name(COUNT),
        busy=_OPTIONAL_NUMBER,
        started=_OPTIONAL_NUMBER,
        lost=_OPTIONAL_NUMBER,
    ),
    "Workers": answer(workers=listed(named("Worker"))),
    "Numbers": answer(**_NUMBERS, series=listed(answer(at=NUMBER, **_NUMBERS)), waiting=COUNT, oldest_wait=NUMBER),
    "Stats": answer(since=COUNT, node_seen=FLAG, observed=FLAG, types=by_name(named("Numbers"))),
    "Schedule": answer(
        name=TEXT,
        when=either(TEXT, NUMBER),
        tz=_OPTIONAL_TEXT,
        type=TEXT,
        data=ANYTHING,
        next_at=_OPTIONAL_NUMBER,
        last_at=_OPTIONAL_NUMBER,
        last_job_id=_OPTIONAL_COUNT,
        fired=COUNT,
        skipped=COUNT,
        paused=FLAG,
        unreadable=NULL,
    ),
    "UnreadableSchedule": answer(name=TEXT, unreadable=TEXT),
    "Schedules": answer(schedules=listed(either(named("Schedule"), named("UnreadableSchedule")))),
    "ScheduleName": closed({"name": {**TEXT, "examples": ["nightly"]}}, ["name"]),
    "Settings": answer(
        version=TEXT,
        title=TEXT,
        redis=TEXT,
        prefix=TEXT,
        read_only=FLAG,
        user=_OPTIONAL_TEXT,
        permissions=listed(one_of(PERMISSIONS)),
    ),
    "Problem": closed(
        {"type": {"const": "about:blank"}, "title": TEXT, "status": whole(400, 599), "detail": TEXT, "state": TEXT},
        ["type", "title", "status", "detail"],
    ),
}


def new_job(modules: Sequence[str]) -> Schema:
    """The body with which a job is created: the options are those of the table that jobs of some modules have."""
    options = {name: or_null(option.schema) for name, option in JOB_OPTIONS.items() if option.module in modules}
    return closed({"type": TYPE, "data": ANYTHING, **options}, ["type"])
