"""Looks for texts and moments in the fields of a job as Redis holds them. The case of letters counts for nothing."""

from __future__ import annotations

from typing import Any

from kue.common import strict_json
from kue.options.values import parse_number
from kue.store import codec

Span = tuple[int | None, int | None]
"""The first and the last moment in ms; None for no limit."""


def has(raw: bytes | None, text: str) -> bool:
    """Whether a field has a text in it."""
    return raw is not None and text.casefold() in codec.text(raw).casefold()


def has_in_json(raw: bytes | None, text: str) -> bool:
    """Whether a field with JSON has a text in it, as JSON or as the text that the JSON stands for."""
    if raw is None or has(raw, text):
        return raw is not None
    if b"\\" not in raw:  # nothing in it is escaped
        return False
    try:
        written = strict_json.dumps(strict_json.loads(codec.text(raw))) if b"\\u" in raw else codec.text(raw)
    except (ValueError, RecursionError):
        return False
    return strict_json.dumps(text)[1:-1].casefold() in written.casefold()


def has_at(raw: bytes | None, path: str, text: str) -> bool:
    """Whether the value at a path, such as `to` or `order.items`, has a text in it. A list is looked at as a whole."""
    if raw is None or not has_in_json(raw, text):
        return False
    try:
        found = _at(strict_json.loads(codec.text(raw)), path)
    except (ValueError, RecursionError, LookupError):
        return False
    written = found if isinstance(found, str) else strict_json.dumps(found)
    return text.casefold() in written.casefold()


def is_within(raw: bytes | None, span: Span) -> bool:
    """Whether a field holds a moment of a span."""
    first, last = span
    if first is None and last is None:
        return True
    moment = parse_number(raw)
    return moment is not None and (first is None or moment >= first) and (last is None or moment <= last)


def first_line(error: bytes | None) -> bytes:
    """The first line of a stored error, which is its message."""
    return (error or b"").partition(b"\n")[0]


def _at(value: Any, path: str) -> Any:
    """The value at a path. Raises `LookupError`. A key that has dots is found as well."""
    if isinstance(value, dict) and path in value:
        return value[path]
    name, _, rest = path.partition(".")
    if not rest or not isinstance(value, dict):
        raise LookupError(path)
    return _at(value[name], rest)
