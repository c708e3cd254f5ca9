"""Writes a number as JavaScript does, for Kue's HTTP API and for the words of Kue's full-text index."""

from __future__ import annotations

import math
from decimal import Decimal

_LEAST_PLAIN, _MAX_PLAIN = 1e-6, 1e21  # smaller and larger numbers are written with an exponent


def number_json(value: float) -> str:
    """A number as `JSON.stringify` writes it: NaN and the infinities are null."""
    if not math.isfinite(value):
        return "null"
    if value == 0:
        return "0"  # also if it is negative
    if _LEAST_PLAIN <= abs(value) < _MAX_PLAIN:
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa}e{int(exponent):+d}"
