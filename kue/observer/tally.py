"""Counts what happens to jobs of Node, from their events and hashes, as a Python process counts its own.

- counts each job that Node saved, once
- counts each run of a Node worker: when it begins, and how it ends
- leaves out what Python counts itself: the jobs that it saved, and the runs of its workers

It knows nothing of Redis. A hash is read a moment after the event, so it may show a later run, or be gone. Then the
message at the end of the run decides: Python marks its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from kue.observer.sighting import ENDS, ENQUEUE, PROMOTION, START, Sighting
from kue.options.values import parse_number
from kue.stats.type_counts import TypeCounts
from kue.store import codec
from kue.store.identity import read_created_at
from kue.store.worker_id import is_node_worker

T = TypeVar("T")
_NEW_FOR_MS = 60_000  # a job that was created longer ago is not new
_CLOCKS_DIFFER_MS = 1000  # at most, those of two machines
_MAX_NUMBER = 2**53  # a larger one was written by hand
_MAX_RUNS = 10_000
_MAX_JOBS = 20_000


class Row(NamedTuple):
    """Those fields of a job's hash that are looked at; None for one that is not there."""

    type: bytes | None = None
    workerId: bytes | None = None
    created_at: bytes | None = None
    started_at: bytes | None = None
    failed_at: bytes | None = None
    promote_at: bytes | None = None
    duration: bytes | None = None


FIELDS = Row._fields
GONE = Row()


class Run(NamedTuple):
    """A run that goes on: the type of its job, and when it began. It is `counted` if it is known to be one of Node."""

    type: str
    started: int
    counted: bool


class Tally:
    """Remembers the runs that go on, and the jobs seen lately. `counts_of` gives the counters of a type."""

    def __init__(self, counts_of: Callable[[str], TypeCounts]) -> None:
        self._counts_of = counts_of
        self._runs: dict[int, Run] = {}
        self._waits: dict[int, int | None] = {}
        """Since when a job waits, in ms. None: since it was due, as its hash says. Each job queued lately is in it."""
        self._promoted: dict[int, bool] = {}

    def wanted(self, sightings: Iterable[Sighting]) -> list[int]:
        """The jobs whose hashes `count` needs."""
        return list(dict.fromkeys(one.id for one in sightings if self._needs_hash(one)))

    def _needs_hash(self, sighting: Sighting) -> bool:
        if sighting.event == ENQUEUE:
            return not sighting.by_python and sighting.id not in self._waits
        return sighting.event != PROMOTION and not sighting.by_python

    def count(self, sightings: Sequence[Sighting], rows: Mapping[int, Row]) -> None:
        """Count what the events say, in their order. `rows` has the hashes of the jobs that were wanted."""
        for sighting, ends_in_python in zip(sightings, _ends_in_python(sightings), strict=True):
            row = rows.get(sighting.id, GONE)
            if sighting.event == PROMOTION:
                _remember(self._promoted, sighting.id, True, _MAX_JOBS)
            elif sighting.event == ENQUEUE:
                self._queued(sighting, row)
            elif sighting.event == START:
                self._started(sighting, row, is_of_node=_is_of_node(row) and not ends_in_python)
            else:
                self._ended(sighting, row)

    def _queued(self, sighting: Sighting, row: Row) -> None:
        is_promoted = self._promoted.pop(sighting.id, False)
        is_new = sighting.by_python
        if not is_new and sighting.id not in self._waits and _is_new_of_node(sighting, row, is_promoted):
            is_new = True
            self._counts_of(_type(sighting, row)).created.append(1)
        since = None if is_new or is_promoted else sighting.at
        _remember(self._waits, sighting.id, since, _MAX_JOBS)

    def _started(self, sighting: Sighting, row: Row, *, is_of_node: bool) -> None:
        id, type = sighting.id, _type(sighting, row)
        is_known, since = id in self._waits, self._waits.get(id)
        if is_known:
            self._waits[id] = None
        if is_of_node:
            run = Run(type, _moment(row.started_at) or sighting.at, counted=True)
            due = _moment(row.promote_at) if since is None else since
            if not is_known and (_moment(row.failed_at) or 0) > (due or 0):
                due = None  # it was queued again before it was seen
            self._counts_of(run.type).takes.append((run.started, [None if due is None else b"%d" % due]))
            _remember(self._runs, id, run, _MAX_RUNS)
        elif type and not (id in self._runs and self._runs[id].counted):  # Node may say later how its last run ended
            _remember(self._runs, id, Run(type, sighting.at, counted=False), _MAX_RUNS)

    def _ended(self, sighting: Sighting, row: Row) -> None:
        run = self._runs.get(sighting.id)
        # Python cannot mark the end if the hash does not say when the job was created.
        if sighting.by_python or (_is_of_python(row) and read_created_at(row.created_at) is None):
            if run is not None and not run.counted:
                del self._runs[sighting.id]
            return
        if run is not None:
            del self._runs[sighting.id]
        elif row.type is None:
            return
        elif _is_of_node(row):  # it began before the observer
            run = Run(codec.text(row.type), _moment(row.started_at) or sighting.at, counted=True)
        else:  # Python has run the job again before this was published
            run = Run(codec.text(row.type), sighting.at, counted=False)
        if not run.counted:
            self._counts_of(run.type).takes.append((run.started, [None]))
        outcome = ENDS[sighting.event]
        self._counts_of(run.type).outcomes[outcome].append(_duration(sighting, run, row))


def _ends_in_python(sightings: Sequence[Sighting]) -> list[bool]:
    """For each start whether the next thing said of the job is that a run of Python ended. False for what is no start.

    Between the start and the end of a run of Python nothing is said of another run.
    """
    found, next_end = [False] * len(sightings), dict[int, bool]()
    for place in range(len(sightings) - 1, -1, -1):
        sighting = sightings[place]
        if sighting.event in ENDS:
            next_end[sighting.id] = sighting.by_python
        elif sighting.event == START:
            found[place] = next_end.pop(sighting.id, False)
    return found


def _type(sighting: Sighting, row: Row) -> str:
    return sighting.type if row.type is None else codec.text(row.type)


def _is_of_node(row: Row) -> bool:
    """Whether the last worker that had the job is one of Node."""
    return is_node_worker(codec.text(row.workerId or b""))


def _is_of_python(row: Row) -> bool:
    return bool(row.workerId) and not _is_of_node(row)


def _is_new_of_node(sighting: Sighting, row: Row, is_promoted: bool) -> bool:
    """Whether a job that was not seen before is queued for the first time, and Node saved it."""
    if is_promoted:  # the side that saved a job with a delay is not known, since nothing was published then
        return False
    if row.type is None:
        return sighting.type != ""
    latest = sighting.at - _CLOCKS_DIFFER_MS
    has_run = any((_moment(raw) or latest) < latest for raw in (row.started_at, row.failed_at))
    is_recent = (_moment(row.created_at) or 0) > sighting.at - _NEW_FOR_MS
    return is_recent and not has_run


def _duration(sighting: Sighting, run: Run, row: Row) -> int:
    """How long a run took, in ms, as its hash says it; else until its end was received."""
    if sighting.event == "complete":
        found = _moment(row.duration)
    else:
        failed = _moment(row.failed_at)
        found = failed - run.started if failed is not None and failed >= run.started else None
    return max(0, sighting.at - run.started if found is None else found)


def _moment(raw: bytes | None) -> int | None:
    number = parse_number(raw)
    return None if number is None or not 0 <= number <= _MAX_NUMBER else int(number)


def _remember(where: dict[int, T], id: int, what: T, most: int) -> None:
    """As the latest entry. The oldest one is forgotten if there are too many."""
    where.pop(id, None)
    where[id] = what
    if len(where) > most:
        del where[next(iter(where))]
