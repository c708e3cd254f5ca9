"""Encodes and decodes values as Redis holds them: JSON in the form that Node writes, and text.

`encode` raises if JSON cannot hold a value without changing it, and names the place. It never alters data silently.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from kue.common import strict_json
from kue.common.describe import describe_error, error_text, short_repr
from kue.common.interruption import is_from_signal_handler
from kue.errors import InvalidJobData

Default = Callable[[Any], Any]
_SCALARS = (str, int, float, bool, type(None))
_SCALAR_TYPES, _TEXT_TYPES = frozenset(_SCALARS), frozenset((str,))


def text_bytes(text: str) -> bytes:
    """Text as UTF-8. Half a surrogate pair, which UTF-8 cannot hold, becomes its \\u escape, as in JSON."""
    return text.encode("utf-8", "backslashreplace")


def text(raw: bytes | str) -> str:
    """A stored string. Bytes that are not UTF-8 become replacement characters."""
    return raw if isinstance(raw, str) else raw.decode("utf-8", "replace")


def encode(value: Any, path: str, default: Default | None = None) -> bytes:
    """`value` as compact JSON. `path` names it in errors; `default` replaces objects that JSON does not have.

    Raises `InvalidJobData` for NaN, Infinity, keys that are no strings, cycles, and all else that JSON does not have.
    What a signal handler raises meanwhile is raised as it is.
    """
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return text_bytes(strict_json.dumps(value))
    try:
        return text_bytes(_written(value, path, default))
    except InvalidJobData:
        raise
    except RecursionError:
        raise InvalidJobData(path, "is nested too deeply for JSON") from None
    except Exception as problem:  # another thread may change a dict, and a subclass may raise anything
        if is_from_signal_handler(problem):
            raise
        raise InvalidJobData(path, f"cannot be read ({describe_error(problem)})") from problem


def _written(value: Any, path: str, default: Default | None) -> str:
    if default is not None:
        value = _simplified(value, path, default, [])
    try:
        written = strict_json.dumps(value)
    except (TypeError, ValueError) as problem:
        if is_from_signal_handler(problem):
            raise
        _find_fault(value, path, [])
        raise InvalidJobData(path, f"cannot be written as JSON ({problem})") from None
    if default is None:
        _check_keys(value, path)
    return written


def decode(raw: bytes | str) -> Any:
    """Read JSON. Raises `ValueError` for anything else, also for NaN, Infinity and a number that no float can hold."""
    return strict_json.loads(raw if isinstance(raw, str) else raw.decode())


def decode_or_text(raw: bytes | None) -> Any:
    """Read a field that should hold JSON: its text if it does not, None if there is none."""
    if raw is None:
        return None
    try:
        return decode(raw)
    except ValueError:
        return text(raw)


def _check_keys(value: Any, path: str) -> None:
    if isinstance(value, dict):
        # Most data is flat: these loops run in C.
        if _TEXT_TYPES.issuperset(map(type, value)) and _SCALAR_TYPES.issuperset(map(type, value.values())):
            return
        for key, item in value.items():
            if not isinstance(key, str):
                raise InvalidJobData(path, f"has the key {short_repr(key)}, and JSON keys are strings only")
            if type(item) not in _SCALARS:
                _check_keys(item, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            if type(item) not in _SCALARS:
                _check_keys(item, f"{path}[{i}]")


def _find_fault(value: Any, path: str, parents: list[Any]) -> None:
    """Raise `InvalidJobData` at the first place that JSON cannot hold."""
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidJobData(path, f"is {short_repr(value)}, which JSON does not have")
    if isinstance(value, _SCALARS):
        return
    if not isinstance(value, (dict, list, tuple)):
        raise InvalidJobData(
            path, f"is a {type(value).__name__} ({short_repr(value, 80)}), which JSON does not have; see json_default"
        )
    if any(value is parent for parent in parents):
        raise InvalidJobData(path, "contains itself")
    parents.append(value)
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InvalidJobData(path, f"has the key {short_repr(key)}, and JSON keys are strings only")
            _find_fault(item, f"{path}.{key}", parents)
    else:
        for i, item in enumerate(value):
            _find_fault(item, f"{path}[{i}]", parents)
    parents.pop()


def _simplified(value: Any, path: str, default: Default, parents: list[Any]) -> Any:
    """A checked copy in which `default` has replaced every object that JSON does not have."""
    if isinstance(value, _SCALARS):
        _find_fault(value, path, parents)
        return value
    if any(value is parent for parent in parents):
        raise InvalidJobData(path, "contains itself")
    parents.append(value)
    try:
        if isinstance(value, dict):
            _check_keys(dict.fromkeys(value), path)
            return {key: _simplified(item, f"{path}.{key}", default, parents) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [_simplified(item, f"{path}[{i}]", default, parents) for i, item in enumerate(value)]
        try:
            replaced = default(value)
        except Exception as problem:
            if is_from_signal_handler(problem):
                raise
            raise InvalidJobData(
                path, f"is a {type(value).__name__} that json_default refused ({error_text(problem)})"
            ) from problem
        return _simplified(replaced, path, default, parents)
    finally:
        parents.pop()
