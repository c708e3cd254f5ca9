"""The hash of a job: reads its fields into plain values, and writes the fields of its options.

The names and forms of the fields are those of Kue.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from kue.common import strict_json
from kue.connection.connection import Argument
from kue.errors import JobInvalid
from kue.options.job import JOB_OPTIONS, JobOption, delay_left
from kue.options.unique import Unique
from kue.store import codec, effects
from kue.store.effects import Effects


class JobHash(NamedTuple):
    """The fields of a job as Redis holds them; None if there is no such field. `take` reads the first of them."""

    type: bytes | None = None
    state: bytes | None = None
    priority: bytes | None = None
    ttl: bytes | None = None
    data: bytes | None = None
    max_attempts: bytes | None = None
    attempts: bytes | None = None
    delay: bytes | None = None
    backoff: bytes | None = None
    removeOnComplete: bytes | None = None
    created_at: bytes | None = None
    promote_at: bytes | None = None
    updated_at: bytes | None = None
    started_at: bytes | None = None
    failed_at: bytes | None = None
    duration: bytes | None = None
    workerId: bytes | None = None
    progress: bytes | None = None
    progress_data: bytes | None = None
    result: bytes | None = None
    error: bytes | None = None
    py_requeues: bytes | None = None

    # `take` does not read these: see FIELDS.
    py_unique: bytes | None = None
    py_unique_until: bytes | None = None
    py_ghost_on_ttl: bytes | None = None
    py_ghost_retries: bytes | None = None
    py_ghost_delay: bytes | None = None
    py_runs: bytes | None = None
    py_process_time: bytes | None = None
    py_schedule: bytes | None = None
    py_tick: bytes | None = None
    py_remove_on_fail: bytes | None = None


_FIRST_NOT_TAKEN = "py_unique"
FIELDS = JobHash._fields[: JobHash._fields.index(_FIRST_NOT_TAKEN)]
"""What `take` reads. The others would make every job dearer, and few handlers use them: they read the hash again."""
_NOT_TAKEN: list[bytes | None] = [None] * (len(JobHash._fields) - len(FIELDS))
_ENCODED = {name.encode(): name for name in JobHash._fields}


def from_pairs(flat: Sequence[bytes]) -> JobHash:
    """A hash from the reply to HGETALL. Fields that a job object does not use are left out."""
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return JobHash(**{_ENCODED[name]: value for name, value in pairs if name in _ENCODED})


def from_take(values: list[bytes | None]) -> JobHash:
    """A hash from what `take` read of it."""
    return tuple.__new__(JobHash, values + _NOT_TAKEN)


def lua_fields() -> str:
    """The names of the fields that `take` reads, as a Lua table."""
    names = ", ".join(f"'{name}'" for name in FIELDS)
    return f"local FIELDS = {{{names}}}"


_STORED = [option for option in JOB_OPTIONS.values() if option.field]
_RARE = [option for option in _STORED if option.name not in ("priority", "attempts")]  # not every job has them


def rare_fields(options: dict[str, Any], now: int) -> list[Argument]:
    """The fields of the options that are set, as in Kue, without those that the script `save` takes by themselves.

    A delay until some moment becomes the milliseconds from `now` until then.
    """
    fields: list[Argument] = []
    for option in _RARE:
        value = _content(option, options, now)
        if value is not None:
            fields += [option.field, value]
    unique: Unique | None = options.get("unique")
    if unique is not None and unique.until != "ended":
        fields += ["py_unique_until", unique.until]
    return fields


def option_effects(options: dict[str, Any], names: Collection[str], now: int) -> Effects:
    """The effects that write the options with these names. An option that is off or has no value loses its field.

    A delay counts from `now`.
    """
    written: list[Argument] = []
    for option in _STORED:
        if option.name in names:
            value = _content(option, options, now)
            written += effects.option(option.field, value)
            if option.name == "delay":
                written += effects.option("promote_at", now + int(value or 0))
    return tuple(written)


def _content(option: JobOption, options: dict[str, Any], now: int) -> Argument | None:
    value = options.get(option.name, option.default)
    return option.write(delay_left(value, now) if option.name == "delay" else value)


def read_options(hash: JobHash) -> dict[str, Any]:
    """The options that a hash holds. A backoff that is not JSON is JavaScript source, and is returned as text."""
    options: dict[str, Any] = {}
    for option in _STORED:
        raw = getattr(hash, option.field)
        if raw:
            value = option.parse(raw)
            if value is not None:
                options[option.name] = value
    if hash.py_unique_until and "unique" in options:
        options["unique"] = replace(options["unique"], until=codec.text(hash.py_unique_until))
    return options


def read_json(id: object, field: str, raw: bytes | None, missing: Any = None) -> Any:
    """Read a field that holds JSON; `missing` if it is empty. Raises `JobInvalid` if it is not JSON."""
    if not raw:
        return missing
    try:
        return strict_json.loads(codec.text(raw))
    except ValueError as problem:
        raise JobInvalid(id, f"has {field} that is not JSON ({problem})") from None


def read_text(raw: bytes | None) -> str | None:
    """Read a field that holds text."""
    return None if raw is None else codec.text(raw)
