"""The job that a schedule saves again and again, as fields of the schedule's hash, and read from them.

The fields begin with `job:` and are else those of a job's hash, so that they are all that a save needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kue.common.clock import Moment
from kue.common.describe import short_repr
from kue.connection.connection import Argument
from kue.errors import InvalidSchedule
from kue.jobs.job import Job
from kue.store import codec, job_hash
from kue.store.indexed_job import later_fields

FIELD = "job:"
UNIQUE = "unique"


def unique_key(job: Job) -> str | None:
    """The unique key of a job: it names the schedule, and no job is saved while the last one has not ended."""
    unique = job.options.get(UNIQUE)
    if unique is None:
        return None
    key: str = unique.for_job(job.type, codec.encode(job.data, "data", job.runtime.options.json_default)).key
    return key


def job_fields(job: Job) -> dict[str, Argument]:
    """What the hash holds of an unsaved job, but for its unique key. Raises `InvalidSchedule`, or `InvalidJobData`."""
    options = {name: value for name, value in job.options.items() if name != UNIQUE}
    if isinstance(delay := options.get("delay"), Moment):
        raise InvalidSchedule(
            f"the delay of a recurring job counts from each time that it is due, so it must be a duration, and not the "
            f"moment {delay.at}"
        )
    others = job_hash.rare_fields(options, 0)
    fields: dict[str, Argument] = {
        "type": job.type,
        "data": codec.encode(job.data, "data", job.runtime.options.json_default),
        "priority": options.get("priority", 0),
        "max_attempts": options.get("attempts", 1),
    }
    if not job.runtime.options.disable_search:
        others += later_fields(options.get("search_keys"))
    fields |= {str(name): value for name, value in zip(others[::2], others[1::2], strict=True)}
    return {FIELD + name: value for name, value in fields.items()}


def read_type(hash: Mapping[str, bytes]) -> str:
    """The type of the job."""
    return codec.text(hash.get(FIELD + "type", b""))


def read_data(name: str, hash: Mapping[str, bytes]) -> Any:
    """The data of the job. Raises `InvalidSchedule` if it is not JSON."""
    raw = codec.text(hash.get(FIELD + "data", b""))
    try:
        return codec.decode(raw)
    except ValueError as problem:
        raise InvalidSchedule(f"the schedule {name!r} has data that is not JSON: {short_repr(raw, 80)}") from problem


def collected_hash(name: str, hash: Mapping[str, bytes], now: int) -> job_hash.JobHash:
    """The hash that a job would have if the schedule saved it now: for test mode, which saves none."""
    own = {field.removeprefix(FIELD): value for field, value in hash.items() if field.startswith(FIELD)}
    moment, known = str(now).encode(), job_hash.JobHash._fields
    added = {"created_at": moment, "updated_at": moment, "promote_at": moment, "py_tick": moment}
    added["py_schedule"] = codec.text_bytes(name)
    return job_hash.JobHash(**{field: value for field, value in (own | added).items() if field in known})
