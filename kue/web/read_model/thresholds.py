"""From when on the list of what needs attention names something."""

from __future__ import annotations

from dataclasses import dataclass, fields

from kue.common.describe import short_repr
from kue.errors import InvalidOption


@dataclass(frozen=True)
class Thresholds:
    """When something needs attention. Times are in ms.

    - `no_worker`: jobs of a type wait for so long, and no worker takes them
    - `waits`, `waits_long`: the job of a type that waits longest has waited for so long
    - `failures`, `failure_share`: so many jobs of a type failed in an hour, and that share of those that finished
    - `lost`: a worker was lost in the last so many ms
    - `late`: a recurring job is so late
    - `memory`: Redis uses that share of its memory

    Raises `InvalidOption` if one of them is no number, or below 0.
    """

    no_worker: float = 5_000
    waits: float = 60_000
    waits_long: float = 300_000
    failures: float = 10
    failure_share: float = 0.05
    lost: float = 600_000
    late: float = 60_000
    memory: float = 0.9

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise InvalidOption(f"the threshold {field.name} must be a number from 0 on, not {short_repr(value)}")
