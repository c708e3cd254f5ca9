"""Rules that follow the round trip: how many batches are on their way, how soon, and how many jobs one take asks for.

- takes the shortest time in which the connection has answered for its round trip
- near Redis: two batches at a time, so that Redis has the next one when it is done with one
- distant Redis: a batch soon after a handler has ended, however many are on their way
- divides the slots of a type among several takes, so that some run while others wait for jobs

It sends nothing, and knows no clock.
"""

from __future__ import annotations

import math

NEAR_SECONDS = 0.3e-3  # a round trip up to this is not worth more batches: each costs both sides about 0.1 ms
_MAX_BATCHES_NEAR = 2  # Redis works on one of them
# A batch to a distant Redis waits a little for further reports. If many handlers end, that saves both sides many
# batches, and a slot waits for its next job much longer anyway.
_GAPS_PER_ROUND_TRIP = 4
_MAX_GAP_SECONDS = 0.4e-3
_MAX_JOBS_PER_TAKE = 100
_MIN_SLOTS_TO_DIVIDE = 4  # with fewer, small batches cost Redis more than they gain
_PARTS_NEAR = 2  # one half of the slots runs while Redis serves the other
_PARTS_DISTANT = 4


class Pacing:
    """For the I/O thread. Until a connection was measured, Redis counts as near.

    `max_batches` is how many batches may be on their way at a time. `gap_seconds` must lie between two of them.
    """

    def __init__(self) -> None:
        self.connected(0.0)

    def connected(self, seconds: float) -> None:
        """A new connection has answered in so many seconds."""
        self.round_trip = seconds
        self.is_distant = seconds > NEAR_SECONDS
        self.max_batches = math.inf if self.is_distant else _MAX_BATCHES_NEAR
        self.gap_seconds = min(_MAX_GAP_SECONDS, seconds / _GAPS_PER_ROUND_TRIP) if self.is_distant else 0.0
        self._parts = _PARTS_DISTANT if self.is_distant else _PARTS_NEAR

    def answered(self, seconds: float) -> None:
        """The first reply to a batch has come after so many seconds.

        No reply comes sooner than a round trip, but a busy Redis makes it late. More and smaller batches would keep
        Redis busier still. So the shortest time counts for as long as the connection lasts.
        """
        if seconds < self.round_trip:
            self.connected(seconds)

    def jobs_per_take(self, slots: int) -> int:
        """How many jobs one take asks for at most, for a type with so many slots."""
        return slots if slots < _MIN_SLOTS_TO_DIVIDE else min(-(-slots // self._parts), _MAX_JOBS_PER_TAKE)
