"""What the options of a job take when they come as JSON, as pieces of JSON Schema that `JOB_OPTIONS` names in its rows.

A schema says what the check of its row says, ranges included: a test has both judge values of every kind. None, which
stands for the default of each option, is left to the reader of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from kue.common.clock import MAX_EXACT_INTEGER
from kue.options.typed import BackoffType, PriorityName, Until

Schema = Mapping[str, Any]
NULL: Schema = {"type": "null"}
FLAG: Schema = {"type": "boolean"}
TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "minLength": 1}


def whole(least: int, most: int = MAX_EXACT_INTEGER) -> Schema:
    """A whole number between two others."""
    return {"type": "integer", "minimum": least, "maximum": most}


def either(*schemas: Schema) -> Schema:
    """What one of several schemas takes."""
    return {"anyOf": list(schemas)}


def one_of(names: Iterable[str]) -> Schema:
    """One of several texts."""
    return {"type": "string", "enum": list(names)}


def closed(properties: Mapping[str, Schema], required: Iterable[str] = ()) -> Schema:
    """An object that has no other keys."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


LONG_DURATION: Schema = {"type": "number", "minimum": 1, "maximum": MAX_EXACT_INTEGER}
"""Milliseconds, of which there must be some."""
DURATION = either({"const": 0}, LONG_DURATION)
"""Milliseconds. A number between 0 and 1 is refused, since it is meant as seconds."""
PRIORITY = either(whole(-MAX_EXACT_INTEGER), one_of(get_args(PriorityName)))
ATTEMPTS = whole(1)
GHOST_RETRIES = whole(0)
BACKOFF = either(
    FLAG,
    closed(
        {
            "type": one_of(get_args(BackoffType)),
            "delay": either(DURATION, NULL),
            "max_delay": either(DURATION, NULL),
            "maxDelay": either(DURATION, NULL),
            "jitter": either({"type": "number", "minimum": 0, "maximum": 1}, one_of(["full"]), NULL),
        },
        ["type"],
    ),
)
SEARCH_KEYS = either(TEXT, {"type": "array", "items": TEXT})
UNIQUE = either(
    FLAG,
    NAME,
    closed(
        {
            "key": either(NAME, {"const": True}),
            "until": one_of(get_args(Until)),
            "within": either(LONG_DURATION, NULL),
            "replace": FLAG,
        },
        ["key"],
    ),
)
