"""Reads numbers as JavaScript does: `parseInt` and `Number`."""

from __future__ import annotations

import math
import re

# What JavaScript takes for a space; Python's `\s` has four control characters more, and lacks the last.
_SPACES = " \t\n\v\f\r\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
_LEADING_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INFINITY = re.compile(r"[+-]?Infinity")
_OTHER_BASE = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
_MAX_DIGITS = 400  # more are no finite number
_MAX_OTHER_DIGITS = 250  # of a hexadecimal number


def parse_int(text: str) -> int | None:
    """The whole number at the start of a text, as `parseInt(text, 10)` reads it. None for NaN and what is no float."""
    found = _LEADING_INTEGER.match(text.lstrip(_SPACES))
    if found is None or len(found[0]) > _MAX_DIGITS:
        return None
    number = float(found[0])
    return int(number) if math.isfinite(number) else None


def number(raw: bytes | None) -> float:
    """What `Number` makes of a field of a hash; NaN if there is no such field."""
    if raw is None:
        return math.nan
    text = raw.decode("utf-8", "replace").strip(_SPACES)
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text) or _INFINITY.fullmatch(text):
        return float(text)
    return float(int(text, 0)) if _OTHER_BASE.fullmatch(text) and len(text) < _MAX_OTHER_DIGITS else math.nan
