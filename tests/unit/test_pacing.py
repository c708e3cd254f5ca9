"""Rules that follow the round trip: how many batches are on their way, how soon, and how many jobs a take asks for."""

import math

import pytest

from kue.worker.io.pacing import NEAR_SECONDS, Pacing

MS = 0.001


@pytest.fixture
def pacing() -> Pacing:
    return Pacing()


def test_redis_counts_as_near_until_a_connection_was_measured(pacing: Pacing) -> None:
    assert not pacing.is_distant


def test_a_near_redis_gets_two_batches_at_a_time_without_a_gap(pacing: Pacing) -> None:
    pacing.connected(NEAR_SECONDS)
    assert (pacing.is_distant, pacing.max_batches, pacing.gap_seconds) == (False, 2, 0)


def test_a_distant_redis_gets_as_many_batches_as_there_are_with_a_gap_between_them(pacing: Pacing) -> None:
    for seconds in (1 * MS, 4 * MS, 10 * MS, 200 * MS):
        pacing.connected(seconds)
        assert pacing.is_distant and pacing.max_batches == math.inf
        assert 0 < pacing.gap_seconds <= seconds / 4


def test_the_gap_between_two_batches_stays_short_however_distant_redis_is(pacing: Pacing) -> None:
    gaps = []
    for seconds in (1 * MS, 4 * MS, 200 * MS):
        pacing.connected(seconds)
        gaps.append(pacing.gap_seconds)
    assert gaps == [0.25 * MS, 0.4 * MS, 0.4 * MS]


@pytest.mark.parametrize(
    ("seconds", "shares"),
    [(0.1 * MS, [1, 3, 2, 5, 12, 26, 100]), (1 * MS, [1, 3, 1, 3, 6, 13, 100]), (4 * MS, [1, 3, 1, 3, 6, 13, 100])],
    ids=["near", "one millisecond", "four milliseconds"],
)
def test_a_take_asks_for_a_part_of_many_slots(pacing: Pacing, seconds: float, shares: list[int]) -> None:
    pacing.connected(seconds)
    assert [pacing.jobs_per_take(slots) for slots in (1, 3, 4, 10, 23, 51, 1000)] == shares


def test_the_shortest_time_on_a_connection_counts(pacing: Pacing) -> None:
    pacing.connected(5 * MS)
    for seconds in (9 * MS, 4 * MS, 50 * MS):
        pacing.answered(seconds)
    assert pacing.round_trip == 4 * MS


def test_a_busy_redis_that_answers_late_stays_near(pacing: Pacing) -> None:
    pacing.connected(0.1 * MS)
    for _ in range(100):
        pacing.answered(20 * MS)
    assert not pacing.is_distant


def test_a_redis_that_was_busy_when_the_connection_was_made_becomes_near_with_its_first_fast_reply(
    pacing: Pacing,
) -> None:
    pacing.connected(3 * MS)
    pacing.answered(0.2 * MS)
    assert (pacing.is_distant, pacing.max_batches, pacing.gap_seconds) == (False, 2, 0)


def test_a_new_connection_is_measured_anew(pacing: Pacing) -> None:
    pacing.connected(0.1 * MS)
    pacing.connected(2 * MS)
    assert pacing.is_distant and pacing.round_trip == 2 * MS
