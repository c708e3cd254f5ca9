"""Declares a recurring job: checks what `every` was given, finds its name, and writes it to Redis.

Programs declare their schedules at each start. So the same declaration changes nothing, however often it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kue.common.describe import short_repr
from kue.connection.connection import Argument
from kue.errors import InvalidOption, InvalidSchedule
from kue.jobs.job import Job
from kue.options.values import read_key_part
from kue.runtime import Runtime
from kue.schedules.definition import Definition
from kue.schedules.schedule import Schedule
from kue.schedules.template import job_fields, unique_key
from kue.schedules.timetable import Timetable
from kue.store.keys import UNIQUE_TYPE
from kue.store.schedules import Schedules, StoredSchedule


def declare(runtime: Runtime, when: object, job: Job, name: str | None, options: dict[str, Any]) -> Schedule:
    """Declare a recurring job. Raises `InvalidSchedule` or `InvalidJobData`, or `RedisRefused` as a save would."""
    check_new(runtime, job)
    if job.type == UNIQUE_TYPE and not runtime.test_mode.only_collects:
        runtime.store.refuse_type_of_unique_keys()
    key = unique_key(job)
    if key is not None:
        options = options | {"overlap": "skip"}
    read = _read_name(name if name is not None else job.type if key is None else key)
    definition = Definition.read(read, when, **options)
    fields = definition.fields(job_fields(job))
    now = runtime.store.now() if not runtime.test_mode.only_collects else runtime.store.clock()
    first = definition.first(now)
    timetable = definition.timetable(first)
    identity = (definition.when, definition.tz, fields["job:data"])
    is_new = read not in runtime.declared_schedules
    known = runtime.declared_schedules.setdefault(read, identity)
    if name is None and key is None and known != identity:
        raise InvalidSchedule(
            f"this process has declared another schedule with the name {read!r}, which is taken from the type of the "
            "job: give one of them name="
        )
    try:
        stored = _write(runtime, read, now, timetable, first, fields)
    except BaseException:
        if is_new:  # it was not declared
            runtime.declared_schedules.pop(read, None)
        raise
    runtime.declared_schedules[read] = identity
    return Schedule(runtime, type(job), read, stored)


def _write(
    runtime: Runtime, name: str, now: int, timetable: Timetable, first: int, fields: Mapping[str, Argument]
) -> StoredSchedule:
    """Write the schedule, but in test mode. Returns what is stored then."""
    due = timetable.after(now)
    if runtime.test_mode.only_collects:
        held = {field: value if isinstance(value, bytes) else str(value).encode() for field, value in fields.items()}
        return StoredSchedule(float("inf") if due is None else due, held | {"first": str(first).encode()})
    schedules = Schedules(runtime.store)
    while isinstance(stored := schedules.declare(name, due, first, fields), int):
        due = timetable.after(max(now, stored))
    return stored


def check_new(runtime: Runtime, job: object) -> None:
    """Check that a job can be saved for later. Raises `InvalidSchedule`."""
    if not isinstance(job, Job) or job.id is not None:
        raise InvalidSchedule(f"job must be one that is not saved yet, not {short_repr(job)}")
    if job.runtime is not runtime:
        raise InvalidSchedule(f"job must be one of this queue, not {short_repr(job)} of another")


def _read_name(name: object) -> str:
    try:
        return read_key_part("name", name)
    except InvalidOption as problem:
        raise InvalidSchedule(str(problem)) from None
