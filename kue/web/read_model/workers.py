"""Who works: the Python processes by their leases, and the Node processes by the jobs that they run.

A Node process says nothing of itself in Redis. It is known only while one of its jobs is active.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kue.options.values import parse_number
from kue.stats.processes import Process, processes_of
from kue.store import codec
from kue.store.stats import Leased, StatsReader
from kue.store.worker_id import process_of
from kue.web.read_model.facts import or_else
from kue.web.site import Site

MAX_ACTIVE = 1000
"""So many active jobs are looked at."""
MAX_SHOWN = 10
"""So many jobs of one worker are listed."""
_NODE = re.compile(r"(?P<process>kue:(?P<host>[^:]*):(?P<pid>[0-9]{1,10})):", re.DOTALL)
_FIELDS = ("workerId", "type", "started_at")


@dataclass(frozen=True)
class RunningJob:
    """An active job. `since` is when its run began, in ms; None if that is not known."""

    id: int
    type: str
    since: int | None


@dataclass
class Worker:
    """A process that works, or was lost. Times are in ms since the epoch.

    `is_node` tells that it is known only by its `jobs`: then there is no version, and `types` counts these. `renewed`
    is when it was last seen, `busy` how many slots run a job. `jobs` are active jobs, of which there may be `more`.
    """

    id: str
    host: str
    pid: int
    is_node: bool = False
    version: str = ""
    types: Mapping[str, int] = field(default_factory=dict)
    busy: int | None = None
    started: int | None = None
    renewed: int | None = None
    lost: int | None = None
    jobs: list[RunningJob] = field(default_factory=list)
    more: int = 0

    @property
    def slots(self) -> int:
        return sum(self.types.values())

    def add(self, job: RunningJob) -> None:
        """Note a job that it runs."""
        if len(self.jobs) < MAX_SHOWN:
            self.jobs.append(job)
        else:
            self.more += 1


@dataclass(frozen=True)
class Workers:
    """All that were found. `active` is how many jobs are, `looked_at` how many of these were read for it.

    `others` are jobs whose worker id is of neither form. `is_known` is false if the keys of Python's processes hold
    something else.
    """

    python: Sequence[Worker]
    lost: Sequence[Worker]
    node: Sequence[Worker]
    others: Sequence[RunningJob]
    active: int
    looked_at: int
    is_known: bool = True

    @property
    def slots(self) -> int:
        return sum(worker.slots for worker in self.python)

    @property
    def busy(self) -> int:
        return sum(worker.busy or 0 for worker in self.python)


def read_workers(site: Site) -> Workers:
    """Read them. It may raise `ConnectionFailed`, or `RedisRefused` for a while."""
    none: tuple[list[Leased], list[Leased]] | None = None
    held = or_else(none, lambda: StatsReader(site.store).processes())
    leased, ended = held or ([], [])
    renewals = {one.process: _renewed(one) for one in leased}
    found = {one.id: _worker(one, renewals.get(one.id)) for one in processes_of(leased, ended, site.store.now())}
    no_ids: list[int] = []
    ids = or_else(no_ids, lambda: site.store.ids(0, MAX_ACTIVE - 1, "active", None))
    nodes: dict[str, Worker] = {}
    counts: dict[str, defaultdict[str, int]] = {}
    others: list[RunningJob] = []
    for id, (worker_id, type, since) in zip(ids, site.store.fields(ids, _FIELDS), strict=True):
        name = codec.text(worker_id or b"")
        job = RunningJob(id, codec.text(type or b""), _moment(since))
        if (process := process_of(name)) is not None:
            if process in found:
                found[process].add(job)
        elif match := _NODE.match(name):
            node = nodes.setdefault(
                match["process"], Worker(match["process"], match["host"], int(match["pid"]), is_node=True)
            )
            counts.setdefault(node.id, defaultdict(int))[job.type] += 1
            node.add(job)
        else:
            others.append(job)
    for process, types in counts.items():
        nodes[process].types, nodes[process].busy = dict(types), sum(types.values())
    return Workers(
        python=[one for one in found.values() if one.lost is None],
        lost=[one for one in found.values() if one.lost is not None],
        node=sorted(nodes.values(), key=lambda one: (one.host, one.pid)),
        others=others,
        active=site.pages.size("active"),
        looked_at=len(ids),
        is_known=held is not None,
    )


def _worker(process: Process, renewed: int | None) -> Worker:
    return Worker(
        id=process.id,
        host=process.host,
        pid=process.pid,
        version=process.version,
        types=process.types,
        busy=process.busy,
        started=process.started,
        renewed=renewed,
        lost=process.lost,
    )


def _renewed(leased: Leased) -> int | None:
    """When a process renewed its lease: so long before the lease ends as it says that one lasts."""
    length = parse_number(leased.record.get("lease"))
    if length is None or not all(abs(number) <= _LATEST_MS for number in (leased.ends, length)):
        return None
    return int(leased.ends - length)


_LATEST_MS = 2.0**53  # a score may be infinite, and a field have any number of digits


def _moment(raw: bytes | None) -> int | None:
    number = parse_number(raw)
    return None if number is None else int(number)
