"""What Node reads from a job's data for its index: a path as lodash's `get` reads it, and the text of the value. Pure.

What every JavaScript object inherits (`constructor`, `toString`, `__proto__`) counts as missing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from kue.common import strict_json
from kue.common.javascript import number_json

MISSING = object()
UNDEFINED = "undefined"  # the text of a value that is missing

_ARRAY_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_MAX_ARRAY_INDEX = 2**32 - 2
_MAX_EXACT_INTEGER = 2**53
_STEP = re.compile(
    r"""
      \[ (?P<number> -?[0-9]+(?:\.[0-9]+)? ) \]
    | \[ (?P<quote>["']) (?P<quoted> (?: \\. | (?!(?P=quote)) [^\\] )* ) (?P=quote) \]
    | (?P<name> [^.\[\]]+ )
    | (?: \. | \[\] ) (?= \. | \[\] | \Z )  # the empty name
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(\\?)")


def in_key_order(names: Iterable[str]) -> list[str]:
    """Names in the order that the keys of an object have: array indices by number, then the others as they came."""
    names = list(names)
    indices = sorted((name for name in names if name.isdecimal() and _is_array_index(name)), key=int)
    if not indices:
        return names
    return list(dict.fromkeys(indices + names))


def value_at(data: Any, path: str) -> Any:
    """What a path names in data from JSON, or MISSING. A key of the data that is the whole path goes first."""
    is_key = not _has_steps(path) or (isinstance(data, dict) and path in data)
    names = [path] if is_key else _names(path)
    value = data if names else MISSING
    for name in names:
        value = _property(value, name)
    return value


def text_of(value: Any) -> str:
    """A string as it is; the words of any other value, as they stand in the JSON that Node writes."""
    if isinstance(value, str):
        return value
    words: list[str] = []
    waiting = [value]  # not a recursion: data may be nested more deeply than Python allows
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += [part for name in reversed(in_key_order(item)) for part in (item[name], name)]
        elif isinstance(item, list):
            waiting += reversed(item)
        else:
            words.append(_scalar(item))
    return " ".join(words)


def _is_array_index(name: str) -> bool:
    return bool(_ARRAY_INDEX.fullmatch(name)) and int(name) <= _MAX_ARRAY_INDEX


def _has_steps(path: str) -> bool:
    return "." in path or "]" in path.partition("[")[2]


def _names(path: str) -> list[str]:
    names = [""] if path.startswith(".") else []
    for step in _STEP.finditer(path):
        if step["quote"]:
            names.append(_ESCAPE.sub(r"\1", step["quoted"]))
        else:
            names.append(step["number"] or step["name"] or "")
    return names


def _property(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name, MISSING)
    if not isinstance(value, (str, list)):
        return MISSING
    units: Any = _utf16_units(value) if isinstance(value, str) else value
    if name == "length":
        return len(units)
    return units[int(name)] if _is_array_index(name) and int(name) < len(units) else MISSING


def _utf16_units(text: str) -> list[str]:
    if text.isascii():
        return list(text)
    raw = text.encode("utf-16-le", "surrogatepass")
    return [chr(int.from_bytes(raw[at : at + 2], "little")) for at in range(0, len(raw), 2)]


def _scalar(value: Any) -> str:
    if value is MISSING:
        return UNDEFINED
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(value)
    # Node escapes half a surrogate pair
    return strict_json.dumps(value).encode("utf-8", "backslashreplace").decode()


def _number(value: int | float) -> str:
    """A number as JavaScript writes it, after it has read it as a float."""
    if isinstance(value, int) and abs(value) <= _MAX_EXACT_INTEGER:
        return str(value)
    try:
        return number_json(float(value))
    except OverflowError:
        return "null"  # what JSON.stringify makes of Infinity
