"""Repairs findings. A script for each kind checks again first, and changes nothing that is in order by then."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from kue.common.clock import milliseconds, steady
from kue.connection.connection import Command
from kue.doctor import findings as found
from kue.doctor import key_findings as of_keys
from kue.doctor.checks import batches
from kue.doctor.examination import Report, Wait
from kue.doctor.findings import Finding
from kue.errors import RedisRefused
from kue.maintenance.recovery import Recovery
from kue.runtime import HasRuntime, Runtime
from kue.schedules.planning import next_after
from kue.store.indexing import Indexing
from kue.store.repairs import Repairs, decode_name
from kue.store.schedules import Schedules, StoredSchedule
from kue.store.worker_id import process_of

GRACE = 60_000  # milliseconds
NOT_JSON = "Error: the data of this job is not JSON"
NO_STATE = "Error: the state of this job was lost"
_OF_ITS_OWNER = "only its owner can decide what to do with it"
_MAX_TOKENS_PER_CALL = 1000  # of the script add_tokens


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of a finding: `done` is what was done ("" if nothing), `problem` why it could not be repaired."""

    finding: Finding
    done: str
    problem: str = ""


def repair(
    queue: HasRuntime,
    report: Report,
    *,
    grace: int | float | timedelta = GRACE,
    wait: Wait = time.sleep,
    tell: Callable[[Repaired], object] | None = None,
) -> list[Repaired]:
    """Repair the findings of a report. Returns what became of each, and calls `tell` with it as soon as it is known.

    A living process may be half-way through its steps. So findings that may come from that are repaired last, and only
    if they have not changed for `grace` (ms). `wait` sleeps for a number of seconds. Raises `ConnectionFailed`,
    `RedisRefused`, `InvalidOption`.
    """
    grace_seconds = milliseconds("grace", grace) / 1000
    repairer = _Repairer(queue.runtime, report.types)
    repaired: list[Repaired] = []

    def carry_out(findings: list[Finding]) -> None:
        for batch in batches(findings):
            for result in repairer.repair(batch):
                repaired.append(result)
                if tell is not None:
                    tell(result)

    carry_out([finding for finding in report.findings if not finding.transient])
    later = [finding for finding in report.findings if finding.transient]
    left = report.seen_at + grace_seconds - steady()
    if later and left > 0:
        wait(left)
    carry_out(later)
    return repaired


class _Repairer:
    """Carries out repairs, a batch in each round trip."""

    def __init__(self, runtime: Runtime, types: Sequence[str]) -> None:
        self.runtime = runtime
        self.types = types
        self.scripts = Repairs(runtime.store.keys)
        self.indexing = Indexing(runtime.store)
        self.now = 0

    def repair(self, findings: Sequence[Finding]) -> list[Repaired]:
        self.now = self.runtime.store.clock()
        repairs = [_REPAIRS.get(type(finding)) for finding in findings]
        commands = [
            repair.command(self, finding) if repair else _OF_ITS_OWNER
            for repair, finding in zip(repairs, findings, strict=True)
        ]
        replies = iter(self.runtime.store.ask([command for command in commands if not isinstance(command, str)]))
        return [
            Repaired(finding, "", command) if isinstance(command, str) else self._repaired(finding, next(replies))
            for command, finding in zip(commands, findings, strict=True)
        ]

    def _repaired(self, finding: Finding, reply: Any) -> Repaired:
        if isinstance(reply, ResponseError):
            return Repaired(finding, "", f"Redis refused: {reply}")
        if isinstance(finding, found.Abandoned):
            return Repaired(finding, self._rescued(finding, reply))
        if isinstance(finding, found.Unindexed) and reply:
            try:
                reply = self.indexing.complete([finding.id])
            except RedisRefused as problem:
                return Repaired(finding, "", str(problem))
        if isinstance(finding, of_keys.LeakedWords):
            reply = reply[1] + (self.indexing.clean_job(finding.id) if reply[0] else 0)
        if isinstance(finding, of_keys.MissingTokens):
            reply = self._all_tokens(finding, reply)
        result = decode_name(reply) if isinstance(reply, bytes) else reply
        return Repaired(finding, _REPAIRS[type(finding)].done.format(result) if reply else "")

    def start_indexing(self, finding: found.Unindexed) -> Command:
        return self.indexing.commands.start_indexing(finding.mark, [finding.id], known=finding.mark)

    def list_schedule(self, finding: of_keys.UnlistedSchedule) -> Command | str:
        if not _is_utf8(finding.name):
            return "no process runs it, since its name is not UTF-8: declare it with another name, and delete its hash"
        [read] = Schedules(self.runtime.store).read([(finding.name, math.inf)])
        due = None
        if isinstance(read, StoredSchedule) and "paused" not in read.hash:
            try:
                due = next_after(finding.name, read.hash, self.now)
            except Exception as problem:  # if it were listed without a time, it would count as over
                return f"its next time cannot be computed here ({problem}): repair it elsewhere, or declare it again"
        return self.scripts.list_schedule(finding.name, due)

    def rescue(self, finding: found.Abandoned) -> Command:
        options, process = self.runtime.options, process_of(finding.worker) or ""
        runs = [(int(finding.id), finding.worker)]
        return self.runtime.store.transitions.rescue(
            process, self.now, options.ghost_retries, options.ghost_delay, runs
        )

    def _rescued(self, finding: found.Abandoned, reply: list[Any]) -> str:
        code, *rest = reply
        if code != 1 or not any(rest):
            return ""
        if rest[0]:
            return _REPAIRS[found.Abandoned].done
        process = process_of(finding.worker) or ""
        Recovery(self.runtime).fail(process, [(int(finding.id), finding.worker)], self.now)
        return "it was lost too often, or cancelled: ended as a failed attempt"

    def _all_tokens(self, finding: of_keys.MissingTokens, added: int) -> int:
        more = added
        while more == _MAX_TOKENS_PER_CALL:
            [more] = self.runtime.store.add_tokens([finding.type])
            added += more
        return added


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Repair(NamedTuple):
    """How to repair one kind of finding: the command, and the text for `done`, in which {} is the reply.

    If a finding of the kind cannot be repaired, the text for `problem` takes the place of the command.
    """

    command: Callable[[_Repairer, Any], Command | str]
    done: str


_REPAIRS: dict[type[Finding], _Repair] = {
    found.Unreadable: _Repair(
        lambda repairer, finding: repairer.scripts.drop_unreadable(finding.id, finding.mark, repairer.types),
        "deleted, and removed from every set",
    ),
    found.Unfinished: _Repair(
        lambda repairer, finding: repairer.scripts.finish_save(finding.id, finding.mark, repairer.now), "now {}"
    ),
    found.Unsettled: _Repair(
        lambda repairer, finding: repairer.scripts.settle_state(finding.id, finding.mark, repairer.now, NO_STATE),
        "now {}",
    ),
    found.Misfiled: _Repair(
        lambda repairer, finding: repairer.scripts.refile(finding.id, finding.mark, repairer.now),
        "its sets were corrected",
    ),
    found.Stuck: _Repair(
        lambda repairer, finding: repairer.scripts.refile(finding.id, finding.mark, repairer.now),
        "put back in its queue",
    ),
    found.Abandoned: _Repair(lambda repairer, finding: repairer.rescue(finding), "put back in its queue"),
    found.LongActive: _Repair(
        lambda repairer, finding: repairer.scripts.requeue_old(finding.id, finding.mark, repairer.now),
        "put back in its queue",
    ),
    found.Unheld: _Repair(
        lambda repairer, finding: repairer.scripts.requeue_old(finding.id, finding.mark, repairer.now),
        "put back in its queue",
    ),
    found.NotJson: _Repair(
        lambda repairer, finding: repairer.scripts.fail_unreadable(finding.id, finding.data, repairer.now, NOT_JSON),
        "marked as failed, so that you can examine it",
    ),
    found.Unindexed: _Repair(lambda repairer, finding: repairer.start_indexing(finding), "its words were written"),
    of_keys.LeakedWords: _Repair(
        lambda repairer, finding: repairer.indexing.commands.unindex(finding.id), "{} words removed"
    ),
    of_keys.OneWayWord: _Repair(
        lambda repairer, finding: repairer.indexing.commands.mend_word(finding.code, finding.id), "{}"
    ),
    of_keys.Stray: _Repair(
        lambda repairer, finding: repairer.scripts.unlist(finding.key, finding.type, finding.member), "removed"
    ),
    of_keys.LeakedLog: _Repair(lambda repairer, finding: repairer.scripts.drop_log(finding.id), "deleted"),
    of_keys.LeakedUnique: _Repair(
        lambda repairer, finding: repairer.scripts.drop_unique(finding.key, finding.id), "freed"
    ),
    of_keys.LeakedSchedule: _Repair(
        lambda repairer, finding: repairer.scripts.unlist_schedule(finding.name), "removed"
    ),
    of_keys.UnlistedSchedule: _Repair(lambda repairer, finding: repairer.list_schedule(finding), "listed"),
    of_keys.UnlistedType: _Repair(
        lambda repairer, finding: repairer.scripts.list_type(finding.type, finding.id), "listed"
    ),
    of_keys.MissingTokens: _Repair(lambda repairer, finding: repairer.scripts.add_tokens(finding.type), "{} added"),
    of_keys.SurplusTokens: _Repair(lambda repairer, finding: repairer.scripts.trim_tokens(finding.type), "{} removed"),
    of_keys.IdsBehind: _Repair(lambda repairer, finding: repairer.scripts.raise_ids(finding.highest), "raised"),
}
