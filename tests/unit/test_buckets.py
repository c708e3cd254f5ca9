"""Histograms of durations: every percentile that they give is right to a fifth."""

import math
import random

import pytest

from kue.stats.buckets import NO_TIME, bucket_of, middle_of, percentile

A_FIFTH = 0.2
LONGEST_MS = 7 * 24 * 3600 * 1000
MANY = 5000


def some_durations() -> list[int]:
    return [*range(1, 3000), *(int(1.01**n) for n in range(800, 2050)), 2**53]


def test_a_bucket_is_twice_the_logarithm() -> None:
    for ms in some_durations():
        bucket = bucket_of(ms)
        assert 2**bucket <= ms * ms < 2 ** (bucket + 1), ms
    assert bucket_of(0) == NO_TIME


def test_every_duration_is_no_further_than_a_fifth_from_what_stands_for_its_bucket() -> None:
    assert middle_of(NO_TIME) == 0
    wrong = [ms for ms in some_durations() if abs(middle_of(bucket_of(ms)) - ms) > A_FIFTH * ms]
    assert wrong == []


DISTRIBUTIONS = {
    "one value": lambda r: 1234.0,
    "even": lambda r: r.uniform(1, 10_000),
    "short": lambda r: r.uniform(0, 8),
    "exponential": lambda r: r.expovariate(1 / 300),
    "log-normal": lambda r: r.lognormvariate(5, 1.5),
    "two humps": lambda r: r.gauss(20, 3) if r.random() < 0.9 else r.gauss(30_000, 4000),
    "heavy tail": lambda r: min(r.paretovariate(1.1), LONGEST_MS),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_percentile_is_right_to_a_fifth(name: str, share: float) -> None:
    source = random.Random(1)
    durations = sorted(max(0, round(DISTRIBUTIONS[name](source))) for _ in range(MANY))
    histogram: dict[int, int] = {}
    for ms in durations:
        histogram[bucket_of(ms)] = histogram.get(bucket_of(ms), 0) + 1
    exact = durations[math.ceil(share * MANY) - 1]
    found = percentile(histogram, share, durations[-1])
    assert found is not None
    assert abs(found - exact) <= A_FIFTH * exact + 0.05, "rounded to a tenth of a millisecond"


def test_there_is_no_percentile_of_nothing() -> None:
    assert percentile({}, 0.5) is None
    assert percentile({3: 0}, 0.5) is None


def test_a_percentile_is_never_longer_than_the_longest() -> None:
    assert percentile({bucket_of(1030): 10}, 0.95, 1030) == 1030
