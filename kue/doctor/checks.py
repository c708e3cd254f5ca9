"""Checks single jobs, members of sets, logs and tokens. Redis answers each check of a batch in one moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from redis.exceptions import ResponseError

from kue.connection.connection import Command
from kue.doctor.findings import (
    Abandoned,
    Fault,
    Finding,
    JobFinding,
    LongActive,
    Misfiled,
    NotJson,
    Stuck,
    Unfinished,
    Unheld,
    Unindexed,
    Unreadable,
    Unsettled,
)
from kue.doctor.key_findings import (
    Evicting,
    IdsBehind,
    LeakedLog,
    LeakedSchedule,
    LeakedUnique,
    MissingTokens,
    Stray,
    SurplusTokens,
    UnlistedSchedule,
    UnlistedType,
    WrongKind,
)
from kue.store import codec
from kue.store.inspection import Inspection, unless_refused
from kue.store.repairs import Repairs, decode_name
from kue.store.store import Store
from kue.store.worker_id import process_of

BATCH_SIZE = 100
# Removed jobs leave their tokens, and workers that find no job take these away. Only a large surplus is a finding.
_MAX_HARMLESS_SURPLUS = 1000
_WAITING = (b"inactive", b"delayed")
_Subject = TypeVar("_Subject")


class Checks:
    """An active job of a Node worker is a finding if it was not updated since `old` (ms; None: it never is)."""

    def __init__(self, store: Store, old: int | None) -> None:
        self._store = store
        self._scripts = Repairs(store.keys)
        self._inspection = Inspection(store)
        self._old = old
        self.newer: set[str] = set()  # processes with active jobs and a newer protocol, whose jobs are not judged

    def jobs(self, ids: Sequence[str]) -> list[Finding]:
        """Check that the hash and the sets of each job agree, and that it can be run."""
        return [finding for batch in batches(ids) for finding in self._jobs(batch)]

    def _jobs(self, ids: Sequence[str]) -> Iterator[Finding]:
        # One round trip for each batch. In a longer pipeline the batches would run one after the other and block Redis.
        read = [self._inspection.content(id) for id in ids]
        examined, *replies = self._store.ask([self._scripts.examine_jobs(ids, self._old), *read])
        for job in unless_refused(examined):
            yield from _job_findings(*job)
            if b"newer" in job[5]:
                self.newer.add(process_of(decode_name(job[4])) or "")
        for id, held in zip(ids, replies, strict=True):
            if not isinstance(held, ResponseError) and held[0] and held[3]:
                yield Unindexed(id, decode_name(held[3]), decode_name(held[0]))
            if not isinstance(held, ResponseError) and held[0] and held[1] in _WAITING and held[2]:
                try:
                    codec.decode(codec.text(held[2]))
                except ValueError as problem:
                    yield NotJson(id, decode_name(held[0]), held[2], str(problem))

    def members(self, key: str, type: str, members: Sequence[str]) -> list[Finding]:
        """Check that the members of a zset of jobs belong there. `type` is that of the zset, "" for all types."""
        found = self._ask(self._scripts.examine_members(key, type, batch) for batch in batches(members))
        return [Stray(key, type, *map(decode_name, one)) for one in found]

    def logs(self, ids: Sequence[str]) -> list[Finding]:
        """Check that the job of each log exists."""
        return [LeakedLog(decode_name(id)) for id in self._ask(map(self._scripts.examine_logs, batches(ids)))]

    def unique(self, keys: Sequence[str]) -> list[Finding]:
        """Check that the job of each unique key exists."""
        found = self._ask(map(self._scripts.examine_unique, batches(keys)))
        return [LeakedUnique(decode_name(key), decode_name(id)) for key, id in found]

    def schedules(self, names: Sequence[str]) -> list[Finding]:
        """Check that schedules have a hash and are in their zset."""
        kinds = {b"gone": LeakedSchedule, b"unlisted": UnlistedSchedule}
        found = self._ask(map(self._scripts.examine_schedules, batches(names)))
        return [kinds[what](decode_name(name)) for name, what in found]

    def tokens(self, findings: Iterable[Finding], types: Sequence[str]) -> list[Finding]:
        """Check that types have as many tokens as waiting jobs. Jobs that other findings put elsewhere do not count."""
        wrongly_waiting = Counter(_keys_left(findings))
        found: list[Finding] = []
        for raw, tokens, inactive in self._ask(map(self._scripts.count_tokens, batches(types))):
            type = decode_name(raw)
            waiting = inactive - wrongly_waiting[self._store.keys.type_state(type, "inactive")]
            if tokens < waiting:
                found.append(MissingTokens(type, waiting - tokens))
            elif tokens - waiting > _MAX_HARMLESS_SURPLUS:
                found.append(SurplusTokens(type, tokens - waiting))
        return found

    def ids(self, highest: int) -> list[Finding]:
        """Check that the last id given out is at least the highest id, if that is a job at all."""
        given = self._inspection.last_id()
        if (given.isdecimal() and int(given) >= highest) or not self._inspection.is_job(highest):
            return []
        return [IdsBehind(highest, given)]

    def eviction(self) -> list[Finding]:
        """Check that the server keeps keys when its memory is full."""
        policy = self._inspection.harmful_eviction_policy()
        return [Evicting(policy)] if policy else []

    def kinds(self, keys: dict[str, str]) -> list[Finding]:
        """Check that keys have the given Redis types. Keys that do not, or do not exist, are removed from `keys`."""
        names = list(keys)
        found: list[Finding] = []
        for key, has in zip(names, self._inspection.kinds(names), strict=True):
            if has == "none":
                del keys[key]
            elif has != keys[key]:
                found.append(WrongKind(key, has, keys.pop(key)))
        return found

    def _ask(self, commands: Iterable[Command]) -> list[Any]:
        return [item for reply in self._store.ask(list(commands)) for item in unless_refused(reply)]


def batches(items: Sequence[_Subject]) -> Iterator[Sequence[_Subject]]:
    """The items in parts of at most `BATCH_SIZE`."""
    return (items[start : start + BATCH_SIZE] for start in range(0, len(items), BATCH_SIZE))


def _keys_left(findings: Iterable[Finding]) -> Iterator[str]:
    """The sets that a member will leave when the findings are repaired, once for each member."""
    for finding in findings:
        if isinstance(finding, Stray):
            yield finding.key
        elif isinstance(finding, Misfiled):
            yield from (fault.key for fault in finding.faults if fault.what == "surplus")


def _job_findings(*job: Any) -> Iterator[JobFinding | UnlistedType]:
    """The findings in one row of the reply of `examine_jobs`."""
    id, mark, type, state, worker = map(decode_name, job[:5])
    kinds = {decode_name(kind) for kind in job[5]}
    if "unreadable" in kinds:
        yield Unreadable(id, mark)
    if "unlisted" in kinds:
        yield UnlistedType(type, id)
    if "unfinished" in kinds:
        yield Unfinished(id, mark, type)
    if "unsettled" in kinds:
        yield Unsettled(id, mark, type, state, tuple(map(decode_name, job[7])))
    faults = tuple(Fault(*map(decode_name, fault)) for fault in job[6])
    if "stuck" in kinds:
        yield Stuck(id, mark, type, state, faults)
    if "misfiled" in kinds:
        yield Misfiled(id, mark, type, state, faults)
    if "abandoned" in kinds:
        yield Abandoned(id, mark, type, worker)
    if "unheld" in kinds:
        yield Unheld(id, mark, type)
    if "old" in kinds:
        yield LongActive(id, mark, type, worker)
