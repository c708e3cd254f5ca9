"""From when on the list of what needs attention names something."""

from __future__ import annotations

from dataclasses import dataclass, fields

from kue.common.describe import short_repr
from kue.errors import InvalidOption
from kue.options.values import read_number


@dataclass(frozen=True)
class Thresholds:
    """When something needs attention. Times are in ms.

    - `no_worker`: jobs of a type wait for so long, and no worker takes them
    - `waits`, `waits_long`: the job of a type that waits longest has waited for so long
    - `failures`, `failure_share`: so many jobs of a type failed in an hour, and that share of those that finished
    - `lost`: a worker was lost in the last so many ms
    - `late`: a recurring job is so late
    - `memory`: Redis uses that share of its memory

    Raises `InvalidOption` for what is no finite number of 0 or more.
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
        for row in fields(self):
            name, given = f"the threshold {row.name}", getattr(self, row.name)
            if read_number(name, given) < 0:
                raise InvalidOption(f"{name} must be 0 or more, not {short_repr(given)}")
