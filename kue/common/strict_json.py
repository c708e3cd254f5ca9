"""Strict JSON, compact as Node writes it. Python's own also reads and writes numbers that JSON does not have."""

from __future__ import annotations

import json
import math
from typing import Any

from kue.common.describe import short_repr

_MAX_SHOWN_CHARACTERS = 40


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _parse_float(text: str) -> float:
    number = float(text)
    if -math.inf < number < math.inf:
        return number
    raise ValueError(f"the number {short_repr(text, _MAX_SHOWN_CHARACTERS)} is too large for a float")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_parse_float)
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_sorting_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)

dumps = _encoder.encode
"""Write JSON. Raises `TypeError`, `ValueError` or `RecursionError` for values that JSON does not have. Ignores keys."""

dumps_sorted = _sorting_encoder.encode
"""As `dumps`, with the keys of each object in order."""


def loads(text: str) -> Any:
    """Read JSON. Raises `ValueError` for anything else, also for NaN, Infinity and a number that no float can hold."""
    try:
        try:
            value, end = _decoder.raw_decode(text)  # twice as fast as `decode`, which also reads the spaces around it
            if end == len(text):
                return value
        except ValueError:
            pass
        return _decoder.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
