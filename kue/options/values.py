"""Checks single values: names, states, numbers. A check that fails raises `InvalidOption`, naming option and value."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, get_args

from kue.common.clock import MAX_EXACT_INTEGER
from kue.common.describe import short_repr
from kue.common.names import plain_text
from kue.errors import InvalidOption
from kue.options.typed import State

STATES: tuple[State, ...] = get_args(State)
ALL_TYPES = "*"
"""Stands for all types together where numbers of each type are kept."""
_OWN_KEYS = "py:"  # the list of tokens of such a type could be one of our own keys


def read_name(name: str, value: object) -> str:
    """Check a name, a string that is not empty, and return its plain text."""
    text = plain_text(value) if isinstance(value, str) else ""
    if not text:
        raise InvalidOption(f"{name} must be a non-empty string, not {short_repr(value)}")
    return text


def read_key_part(name: str, value: object) -> str:
    """Check a name that becomes a part of Redis keys, which are UTF-8."""
    text = read_name(name, value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidOption(f"{name} must be text that UTF-8 can hold, not {short_repr(value)}") from None
    return text


def read_type(value: object) -> str:
    """Check the type of a job."""
    return _known_type(value) if type(value) is str else _checked_type(value)


@lru_cache(maxsize=1024)
def _known_type(type: str) -> str:
    return _checked_type(type)


def _checked_type(value: object) -> str:
    type = read_key_part("type", value)
    if type.startswith(_OWN_KEYS):
        raise InvalidOption(
            f"type must not begin with {_OWN_KEYS!r}, which is kept for keys of kue: {short_repr(type)}"
        )
    if type == ALL_TYPES:
        raise InvalidOption(f"type must not be {ALL_TYPES!r}, which stands for all types in queue.stats()")
    return type


def read_state(value: object) -> str:
    """Check the state of a job."""
    return read_choice("state", value, STATES)


def read_choice(name: str, value: object, choices: Collection[str]) -> str:
    """Check a name that must be one of several, and return its plain text."""
    text = plain_text(value) if isinstance(value, str) else ""
    if text not in choices:
        raise InvalidOption(f"{name} must be one of {', '.join(choices)}, not {short_repr(value)}")
    return text


def read_number(name: str, value: object, kind: str = "a number") -> int | float:
    """Check a finite number that a float can hold. `kind` is what the error message asks for."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidOption(f"{name} must be {kind}, not {short_repr(value)}")
    if not abs(value) <= sys.float_info.max:
        raise InvalidOption(f"{name} must be a finite number, not {short_repr(value)}")
    return int(value) if isinstance(value, int) else float(value)  # plain, whatever its class


def read_whole(name: str, value: object, *, least: int) -> int:
    """Check a whole number, `least` or more. A float without a fraction is accepted."""
    number = int(value) if isinstance(value, int) or (isinstance(value, float) and value.is_integer()) else value
    if isinstance(value, bool) or not isinstance(number, int) or not least <= number <= MAX_EXACT_INTEGER:
        bound = "" if least == -MAX_EXACT_INTEGER else f", {least} or more"
        if isinstance(number, int) and abs(number) > MAX_EXACT_INTEGER:
            bound = f" from {least} to {MAX_EXACT_INTEGER}"
        raise InvalidOption(f"{name} must be a whole number{bound}, not {short_repr(value)}")
    return number


def read_flag(name: str, value: object) -> bool:
    """Check a value that is True or False."""
    if not isinstance(value, bool):
        raise InvalidOption(f"{name} must be True or False, not {short_repr(value)}")
    return value


def read_mapping(name: str, value: Mapping[Any, Any] | None) -> Mapping[Any, Any]:
    """Check a dict. None means an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidOption(f"{name} must be a dict, not {short_repr(value)}")
    return value


def parse_number(raw: bytes | str | None) -> int | float | None:
    """Read a number that Node wrote to a hash. None if there is no number, or one that is not finite."""
    if not raw:
        return None
    try:
        return int(raw)
    except ValueError:
        pass
    try:
        value = float(raw)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value
