"""Round steps for the lines of a chart: 1, 2 or 5 times a power of ten, and powers of ten for durations."""

from __future__ import annotations

import math

_MOST_STEPS = 3


def step_for(greatest: int) -> int:
    """The smallest round step of which three or fewer reach a number. At least 1."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if factor * size * _MOST_STEPS >= greatest:
                return factor * size
        size *= 10


def steps_to(number: int, step: int) -> int:
    """How many steps reach a number; none for 0."""
    return -(-number // step)


def decades(values: list[float]) -> tuple[int, int]:
    """The powers of ten, as exponents, between which all values are; two at least. Values below 1 count as 1."""
    low = math.floor(math.log10(max(1.0, min(values, default=1.0))))
    high = math.ceil(math.log10(max(1.0, max(values, default=1.0))))
    return low, max(high, low + 2)
