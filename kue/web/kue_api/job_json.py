"""Writes a job as Kue's HTTP API shows it: Kue's fields in Kue's order, read from the hash alone.

The JSON that the hash holds is passed on as it is, so that large integers keep their digits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from kue.common import strict_json
from kue.common.javascript import number_json
from kue.errors import JobInvalid
from kue.store import codec
from kue.web.kue_api.javascript import number

FIELDS = (
    *("type", "data", "result", "priority", "progress", "progress_data", "state", "error"),
    *("created_at", "promote_at", "updated_at", "failed_at", "started_at", "duration", "delay", "workerId", "ttl"),
    *("attempts", "max_attempts"),
)
"""The fields of the hash that are read."""
_TEXTS_BEFORE = ("state", "error")
_TEXTS_AFTER = FIELDS[FIELDS.index("created_at") : FIELDS.index("attempts")]

Fields = Mapping[str, bytes | None]


def job_json(id: int | str, fields: Fields, *, with_data: bool = True) -> str:
    """A job as JSON. Without `with_data` its data is empty, and result, progress data and error are left out.

    Raises `JobInvalid` if the hash has no type, or a field that is not JSON.
    """
    if not fields["type"]:
        raise JobInvalid(id, "has no type")
    pairs = {"id": strict_json.dumps(id), "type": _text(fields["type"])}
    pairs["data"] = (_json(id, "data", fields) if with_data else None) or "{}"
    pairs["result"] = _json(id, "result", fields) if with_data else None
    pairs["priority"] = number_json(number(fields["priority"]))
    pairs["progress"] = _text(fields["progress"]) if fields["progress"] else "0"
    pairs["progress_data"] = _json(id, "progress_data", fields) if with_data else None
    for name in _TEXTS_BEFORE:
        pairs[name] = _text(fields[name]) if with_data or name != "error" else None
    for name in _TEXTS_AFTER:
        pairs[name] = _text(fields[name])
    pairs["attempts"] = _attempts(fields)
    return "{" + ",".join(f'"{name}":{value}' for name, value in pairs.items() if value is not None) + "}"


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else strict_json.dumps(codec.text(raw))


def _json(id: int | str, name: str, fields: Fields) -> str | None:
    """A field that is JSON, as it is; None if there is none. Raises `JobInvalid` if it is not JSON."""
    raw = fields[name]
    if not raw:
        return None
    text = codec.text(raw)
    try:
        strict_json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise JobInvalid(id, f"has {name} that is not JSON ({problem})") from None
    return text


def _attempts(fields: Fields) -> str:
    """The attempts of a job. As in Kue, those that remain are counted from the hash, even if it has no number."""
    made = _known(number(fields["attempts"]), 0)
    stored = number(fields["max_attempts"])
    most = _known(stored, 1)
    remaining = stored - made if made > 0 else most
    return f'{{"made":{number_json(made)},"remaining":{number_json(remaining)},"max":{number_json(most)}}}'


def _known(value: float, otherwise: float) -> float:
    return otherwise if not value or math.isnan(value) else value
