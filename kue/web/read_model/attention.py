"""What needs attention, the most urgent first: the rules by which the first page says whether anything is wrong.

A line is a sentence in two parts: its subject, which may be a name that users chose, and the rest. Lengths of time are
left to the reader, who knows `since`, so that a line changes only if what it says does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kue.stats.processes import Process
from kue.store.live import ServerFacts
from kue.web.read_model.failures import Group
from kue.web.read_model.overview import TypeNow
from kue.web.read_model.thresholds import Thresholds

RED, AMBER = "red", "amber"
MAX_LINES = 50
_HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Line:
    """One line. `key` names it for good, `kind` tells what helps: each rule has one.

    `since` is when it began, in ms, `count` how many jobs it is about, `type` their type, `message` the commonest
    error. A line that `can_be_put_away` need not be shown again to a user who has read it.
    """

    key: str
    level: str
    kind: str
    subject: str
    text: str
    type: str | None = None
    count: int | None = None
    since: int | None = None
    message: str | None = None
    can_be_put_away: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Seen:
    """What the rules look at. `failures` may be empty if no type has many. `all_types` and `types` are as they are now.

    `abandoned` has those types of which `may_lack_workers` holds and whose active jobs are all of lost processes.
    `processes` is None if these cannot be read. `unreadable` is how many jobs were met that cannot be read.
    """

    now: int
    all_types: TypeNow
    types: Sequence[TypeNow]
    abandoned: Collection[str]
    processes: Sequence[Process] | None
    late_schedules: dict[str, int]
    failures: Sequence[Group]
    server: ServerFacts
    unreadable: int


def many_fail(type: TypeNow, limits: Thresholds) -> bool:
    """Whether so many jobs of a type failed in the last hour that somebody should look."""
    failed, finished = type.lately.failed, type.lately.failed + type.lately.completed
    return failed >= limits.failures and failed > limits.failure_share * finished


def may_lack_workers(type: TypeNow, now: int, limits: Thresholds) -> bool:
    """Whether jobs of a type wait and no Python process serves it. A Node worker is known only by its active jobs."""
    return type.waiting_since is not None and now - type.waiting_since >= limits.no_worker and type.slots == 0


def lines(seen: Seen, limits: Thresholds, *, with_data: bool) -> list[Line]:
    """What needs attention, the most urgent first. Without `with_data` no error is quoted."""
    rules = (_server(seen, limits), _types(seen, limits, with_data), _late(seen), _lost(seen, limits), _pauses(seen))
    found = [line for rule in rules for line in rule]
    if seen.unreadable:
        text = "cannot be read"
        subject = f"{seen.unreadable} job{'s' * (seen.unreadable > 1)}"
        found.append(Line("unreadable", AMBER, "unreadable", subject, text, count=seen.unreadable))
    urgent = sorted(found, key=lambda line: (line.level != RED, line.can_be_put_away))
    return urgent[:MAX_LINES]


def _types(seen: Seen, limits: Thresholds, with_data: bool) -> Iterator[Line]:
    """The types, of which those come first whose jobs wait longest."""
    for type in sorted(seen.types, key=lambda type: type.waiting_since or seen.now):
        if type.waiting_since is not None and not type.is_paused and not seen.all_types.is_paused:
            yield from _wait(type, type.waiting_since, seen, limits)
        if many_fail(type, limits):
            group = _commonest(type.name, seen) if with_data else None
            yield Line(
                f"failures:{type.name}",
                AMBER,
                "failures",
                type.name,
                f"has {type.lately.failed} failed jobs in the last hour, of {_finished(type)} that finished",
                type=type.name,
                count=type.lately.failed if group is None else group.types[type.name],
                message=None if group is None else group.message,
            )


def _wait(type: TypeNow, since: int, seen: Seen, limits: Thresholds) -> Iterator[Line]:
    waits, name, count = seen.now - since, type.name, type.counts["inactive"]
    if may_lack_workers(type, seen.now, limits) and (not type.counts["active"] or name in seen.abandoned):
        text = "has jobs that wait, and no worker"
        yield Line(f"no_worker:{name}", RED, "no_worker", name, text, type=name, count=count, since=since)
    elif waits >= limits.waits:
        level, text = (RED if waits >= limits.waits_long else AMBER), "has a job that has waited for long"
        yield Line(f"waits:{name}", level, "waits", name, text, type=name, count=count, since=since)


def _finished(type: TypeNow) -> int:
    return type.lately.failed + type.lately.completed


def _commonest(type: str, seen: Seen) -> Group | None:
    """The largest group of failed jobs of a type, among those of the last hour."""
    recent = [group for group in seen.failures if group.types[type] and (group.last or 0) >= seen.now - _HOUR_MS]
    return max(recent, key=lambda group: group.types[type], default=None)


def _late(seen: Seen) -> Iterator[Line]:
    for name, due in sorted(seen.late_schedules.items(), key=lambda pair: pair[1]):
        yield Line(f"late:{name}", AMBER, "late", name, "is late: no process sees to recurring jobs", since=due)


def _lost(seen: Seen, limits: Thresholds) -> Iterator[Line]:
    for process in seen.processes or ():
        if process.lost is not None and process.lost >= seen.now - limits.lost:
            subject = f"the worker {process.host}, process {process.pid}"
            yield Line(f"lost:{process.id}", AMBER, "lost", subject, "was lost", since=process.lost)


def _pauses(seen: Seen) -> Iterator[Line]:
    if seen.all_types.is_paused:
        yield Line("paused", AMBER, "paused", "the queue", "is paused", count=seen.all_types.counts["inactive"])
    for type in seen.types:
        if type.is_paused:
            count = type.counts["inactive"]
            yield Line(f"paused:{type.name}", AMBER, "paused", type.name, "is paused", type=type.name, count=count)


def _server(seen: Seen, limits: Thresholds) -> Iterator[Line]:
    server = seen.server
    if server.is_replica:
        yield Line("redis:replica", RED, "redis", "Redis", "is a replica, so that nothing can be written")
    if server.memory > limits.memory:
        share = f"{100 * limits.memory:.0f}%"
        yield Line("redis:memory", RED, "redis", "Redis", f"uses more than {share} of the memory that it may use")
    if server.policy:
        text = f"may delete jobs if its memory is full: its maxmemory-policy is {server.policy}, not noeviction"
        yield Line("redis:policy", AMBER, "redis", "Redis", text)
    if server.keeps_nothing:
        text = "keeps nothing on disk, so that a restart loses all jobs"
        yield Line("redis:persistence", AMBER, "redis", "Redis", text, can_be_put_away=True)
