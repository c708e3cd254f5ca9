"""Histograms of durations: two buckets for each power of two, from which a percentile is right to a fifth.

It computes, and knows nothing of Redis.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Mapping, Sequence

_FEW = 4  # of so many durations, one differs from all others: then a loop over the different ones is faster
NO_TIME = -1  # the bucket of 0 ms


def bucket_of(ms: int) -> int:
    """The bucket of a duration in ms: floor(2 * log2(ms))."""
    return (ms * ms).bit_length() - 1


def histogram(durations: Sequence[int]) -> dict[int, int]:
    """How many of the durations are in each bucket. Every loop over all of them runs in C."""
    each = Counter(durations)
    if len(each) * _FEW < len(durations):
        lengths: Counter[int] = Counter()
        for ms, count in each.items():
            lengths[(ms * ms).bit_length()] += count
    else:
        lengths = Counter(map(int.bit_length, map(operator.mul, durations, durations)))
    return {length - 1: count for length, count in lengths.items()}


def middle_of(bucket: int) -> float:
    """The duration, in ms, that stands for a bucket: as far from its shortest duration as from its longest."""
    if bucket <= NO_TIME:
        return 0.0
    lowest, end = _first(bucket), _first(bucket + 1)
    return math.sqrt(lowest * max(lowest, end - 1))


def _first(bucket: int) -> int:
    """The shortest duration, in whole ms, that is not in an earlier bucket."""
    root = round(2 ** (bucket / 2))
    while root * root >= 1 << bucket:
        root -= 1
    return root + 1


def percentile(histogram: Mapping[int, int], share: float, longest: float | None = None) -> float | None:
    """The duration, in ms, that a share of all durations does not exceed; None if there is none.

    `longest` is the longest of all durations, if it is known.
    """
    total = sum(count for count in histogram.values() if count > 0)
    passed = 0
    for bucket in sorted(histogram):
        passed += max(0, histogram[bucket])
        if total and passed >= share * total:
            middle = middle_of(bucket)
            return round(middle if longest is None else min(middle, longest), 1)
    return None
