"""What this process has counted of one type since the last flush. Any thread may add to it, without a lock.

Adding to a list is a single step of Python. So the hot paths only append, and the flush does the sums, in loops that
run in C.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Sequence
from itertools import chain, repeat
from typing import TypeVar

from kue.options.values import parse_number
from kue.stats.buckets import histogram

RUN, WAIT, MAX = "run", "wait", "max"
RUN_BUCKET, WAIT_BUCKET = "r", "w"
OUTCOMES = ("completed", "failed", "retried", "ghosts", "snoozed", "cancelled")
RUNS = ("completed", "failed", "retried")
"""The outcomes of runs that ended by themselves: `run`, `max` and their histogram are of these."""

Take = tuple[int, Sequence[bytes | None]]
"""When jobs were taken, in ms, and when each was due, as its hash says it."""

_TIME, _DUES = operator.itemgetter(0), operator.itemgetter(1)
_Values = list[int] | deque[int]
_T = TypeVar("_T")


class TypeCounts:
    """`created` holds numbers of jobs, `takes` what was taken at once, `outcomes` the duration of each run in ms."""

    __slots__ = ("completed", "created", "idle_flushes", "is_kept", "outcomes", "takes")

    def __init__(self, *, counts: bool = True) -> None:
        """Without `counts` it forgets whatever is added."""

        def values() -> _Values:
            return [] if counts else deque(maxlen=0)

        self.created = values()
        self.takes: list[Take] | deque[Take] = [] if counts else deque(maxlen=0)
        self.outcomes: dict[str, _Values] = {name: values() for name in OUTCOMES}
        self.completed = self.outcomes["completed"]
        self.is_kept = False  # a worker refers to it
        self.idle_flushes = 0

    def drain(self) -> dict[str, int]:
        """The counters that are not 0 since the last call, with the names that they have in Redis."""
        found: dict[str, int] = {}
        if self.created:
            found["created"] = sum(_taken(self.created))
        if self.takes:
            takes = _taken(self.takes)
            found["started"] = sum(map(len, map(_DUES, takes)))
            _add_durations(found, WAIT, WAIT_BUCKET, _waits(takes))
        runs: list[int] = []
        for name, values in self.outcomes.items():
            if values:
                ended = _taken(values)
                found[name] = len(ended)
                if name in RUNS:
                    runs += ended
        if runs:
            _add_durations(found, RUN, RUN_BUCKET, runs)
            found[MAX] = max(runs)
        return {name: number for name, number in found.items() if number}


def _taken(values: list[_T] | deque[_T]) -> list[_T]:
    """Take out what is there now. What another thread adds meanwhile stays."""
    if isinstance(values, deque):
        return []
    taken = values[:]
    del values[: len(taken)]
    return taken


def _waits(takes: Sequence[Take]) -> list[int]:
    dues = list(map(_DUES, takes))
    times = chain.from_iterable(map(repeat, map(_TIME, takes), map(len, dues)))
    try:
        waits = list(map(operator.sub, times, map(int, chain.from_iterable(dues))))
    except (TypeError, ValueError):  # Node writes `NaN` for a number that it does not have
        pairs = [(now, parse_number(raw)) for now, own in takes for raw in own]
        waits = [now - int(due) for now, due in pairs if due is not None]
    return waits if min(waits, default=0) >= 0 else [max(0, wait) for wait in waits]


def _add_durations(found: dict[str, int], total: str, letter: str, durations: Sequence[int]) -> None:
    if sum_of_all := sum(durations):
        found[total] = sum_of_all
    for bucket, count in histogram(durations).items():
        found[f"{letter}{bucket}"] = count
