"""Strict JSON, compact as Node writes it. Python's own also reads and writes numbers that JSON does not have."""

from __future__ import annotations

import json
import json.encoder
import math
from collections.abc import Callable, Iterable
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

# The json module makes a writer for each call, to note what contains itself, and calls it and its reader through layers
# of Python. That takes as long as the writing and reading of the data of most jobs. Where these two are, is not
# documented: a Python without them does as usual.
_make_writer = getattr(json.encoder, "c_make_encoder", None)
_write: Callable[[Any, int], Iterable[str]] | None = _make_writer and _make_writer(
    *(None, _encoder.default, json.encoder.encode_basestring, None, ":", ",", False, False, False)
)
_read: Callable[[str, int], tuple[Any, int]] = getattr(_decoder, "scan_once", _decoder.raw_decode)


def dumps(value: Any) -> str:
    """Write JSON. Raises `TypeError`, `ValueError` or `RecursionError` for values that JSON does not have.

    Ignores keys.
    """
    if _write is not None:
        try:
            return "".join(_write(value, 0))
        except RecursionError:  # `encode` tells what contains itself from what is nested too deeply
            pass
    return _encoder.encode(value)


dumps_sorted = _sorting_encoder.encode
"""As `dumps`, with the keys of each object in order."""


def loads(text: str) -> Any:
    """Read JSON. Raises `ValueError` for anything else, also for NaN, Infinity and a number that no float can hold."""
    try:
        try:
            value, end = _read(text, 0)
            if end == len(text):
                return value
        except (ValueError, StopIteration):
            pass
        return _decoder.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
