"""The hash of a job, read into plain values and written from them. Field names and forms are Kue's."""

from __future__ import annotations

import math
from typing import Any

from kue.errors import JobInvalid
from kue.store import codec
from kue.store.link import Argument
from kue.store.store import Fields

MOMENTS = ("created_at", "promote_at", "updated_at", "failed_at", "started_at", "duration")


def option_fields(options: dict[str, Any]) -> list[Argument]:
    """The fields that the options of a job fill: only those that are set, as Kue does."""
    fields: list[Argument] = ["priority", options.get("priority", 0), "max_attempts", options.get("attempts", 1)]
    if options.get("delay"):
        fields += ["delay", options["delay"]]
    if options.get("ttl"):
        fields += ["ttl", options["ttl"]]
    if options.get("remove_on_complete"):
        fields += ["removeOnComplete", "true"]
    backoff = options.get("backoff")
    if backoff:
        written = (
            "true" if backoff is True else backoff if isinstance(backoff, str) else codec.encode(backoff, "backoff")
        )
        fields += ["backoff", written]
    return fields


def read_options(fields: Fields) -> dict[str, Any]:
    """The options in a hash. A backoff that is no JSON (JavaScript source) stays the text it is."""
    options: dict[str, Any] = {}
    for name, field in (("priority", "priority"), ("attempts", "max_attempts"), ("delay", "delay"), ("ttl", "ttl")):
        value = number(fields.get(field))
        if value is not None:
            options[name] = value
    if fields.get("removeOnComplete"):
        options["remove_on_complete"] = True
    backoff = fields.get("backoff")
    if backoff:
        try:
            options["backoff"] = codec.decode(backoff)
        except ValueError:
            options["backoff"] = backoff
    return options


def read_json(id: object, field: str, raw: str | None, missing: Any = None) -> Any:
    """A field that holds JSON. Raises `JobInvalid`."""
    if not raw:
        return missing
    try:
        return codec.decode(raw)
    except ValueError as problem:
        raise JobInvalid(id, f"has {field} that is not JSON ({problem})") from None


def number(text: str | None) -> int | float | None:
    """A number as Node wrote it; None where there is none, or one without an end."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    try:
        return int(text)
    except ValueError:
        return int(value) if value.is_integer() else value
