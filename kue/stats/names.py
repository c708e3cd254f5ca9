"""Which types a process counts by their names: 100 at most in an hour, the others only for all types together.

Each name costs Redis a hash for every slot of time, so that thousands of types would cost it a gigabyte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

MAX_NAMED_TYPES = 100


def _jobs(counters: Mapping[str, int]) -> int:
    """How many jobs of a type a process started, or how many it saved if it does no more than that."""
    return max(counters.get("started", 0), counters.get("created", 0))


class Names:
    """The names of the present hour. In the next one, the types come first that had most jobs in this one."""

    def __init__(self) -> None:
        self._hour = 0
        self._named: set[str] = set()
        self._jobs: Counter[str] = Counter()

    def choose(self, hour: int, counted: Mapping[str, Mapping[str, int]]) -> set[str]:
        """Those types, of some that were counted in an hour, that are counted by name."""
        if hour != self._hour:
            self._hour = hour
            self._named = {type for type, _ in self._jobs.most_common(MAX_NAMED_TYPES)}
            self._jobs = Counter()
        for type, counters in counted.items():
            if type in self._jobs or len(self._jobs) < 10 * MAX_NAMED_TYPES:
                self._jobs[type] += _jobs(counters)
        for type in sorted(counted, key=lambda type: -_jobs(counted[type])):
            if len(self._named) >= MAX_NAMED_TYPES:
                break
            self._named.add(type)
        return self._named & counted.keys()
