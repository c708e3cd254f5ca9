"""Mends what was found, each with a script that looks again and decides for itself; what is fine by then stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from kue.common.clock import milliseconds, steady
from kue.connection.connection import Command
from kue.doctor import findings as found
from kue.doctor.checks import batches
from kue.doctor.examination import Report, Wait
from kue.doctor.findings import Finding
from kue.maintenance.recovery import Recovery, process_of
from kue.runtime import HasRuntime, Runtime
from kue.store.repairs import Repairs, decode_name

GRACE = 60_000
NOT_JSON = "Error: the data of this job is not JSON"
NO_STATE = "Error: the state of this job was lost"
_MOST_TOKENS = 1000  # what add_tokens adds at a time


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of a finding: `done` says what was done, "" where nothing; `problem` why it could not be repaired."""

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
    """Mend what a report holds, and say what was done; `tell` hears of each at once.

    What may be the work of a living process half-way through its steps comes last, and is repaired only if it has stood
    unchanged for the grace (ms). Raises `ConnectionFailed`, `RedisRefused`, `InvalidOption`.
    """
    patience = milliseconds("grace", grace) / 1000
    repairer = _Repairer(queue.runtime, report.types)
    repaired: list[Repaired] = []

    def carry_out(findings: list[Finding]) -> None:
        for batch in batches(findings):
            for one in repairer.repair(batch):
                repaired.append(one)
                if tell is not None:
                    tell(one)

    carry_out([finding for finding in report.findings if not finding.transient])
    later = [finding for finding in report.findings if finding.transient]
    left = report.seen_at + patience - steady()
    if later and left > 0:
        wait(left)
    carry_out(later)
    return repaired


class _Repairer:
    """Carries out repairs, a batch in a round trip."""

    def __init__(self, runtime: Runtime, types: Sequence[str]) -> None:
        self.runtime = runtime
        self.types = types
        self.scripts = Repairs(runtime.store.keys)
        self.now = 0

    def repair(self, findings: Sequence[Finding]) -> list[Repaired]:
        self.now = self.runtime.store.clock()
        repairs = [_REPAIRS.get(type(finding)) for finding in findings]
        commands = [repair.command(self, finding) for repair, finding in zip(repairs, findings, strict=True) if repair]
        replies = iter(self.runtime.store.ask(commands))
        return [
            self._repaired(finding, repair, next(replies))
            if repair
            else Repaired(finding, "", "nobody but its owner knows what to do with it")
            for repair, finding in zip(repairs, findings, strict=True)
        ]

    def _repaired(self, finding: Finding, repair: _Repair, reply: Any) -> Repaired:
        if isinstance(reply, ResponseError):
            return Repaired(finding, "", f"Redis refused: {reply}")
        if isinstance(finding, found.Abandoned):
            return Repaired(finding, self._rescued(finding, reply))
        if isinstance(finding, found.MissingTokens):
            reply = self._all_tokens(finding, reply)
        return Repaired(
            finding, repair.done.format(decode_name(reply) if isinstance(reply, bytes) else reply) if reply else ""
        )

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
        return "it was lost too often: ended as a failed attempt"

    def _all_tokens(self, finding: found.MissingTokens, added: int) -> int:
        more = added
        while more == _MOST_TOKENS:
            [more] = self.runtime.store.add_tokens([finding.type])
            added += more
        return added


class _Repair(NamedTuple):
    """The command that mends a finding `it`, and what is said then; {} is the reply."""

    command: Callable[[_Repairer, Any], Command]
    done: str


_REPAIRS: dict[type[Finding], _Repair] = {
    found.Unreadable: _Repair(
        lambda at, it: at.scripts.drop_unreadable(it.id, it.mark, at.types), "deleted, and taken out of every set"
    ),
    found.Unfinished: _Repair(lambda at, it: at.scripts.finish_save(it.id, it.mark, at.now), "now {}"),
    found.Unsettled: _Repair(lambda at, it: at.scripts.settle_state(it.id, it.mark, at.now, NO_STATE), "now {}"),
    found.Misfiled: _Repair(lambda at, it: at.scripts.refile(it.id, it.mark, at.now), "filed where it belongs"),
    found.Stuck: _Repair(lambda at, it: at.scripts.refile(it.id, it.mark, at.now), "put back in its queue"),
    found.Abandoned: _Repair(lambda at, it: at.rescue(it), "put back in its queue"),
    found.LongActive: _Repair(lambda at, it: at.scripts.requeue_old(it.id, it.mark, at.now), "put back in its queue"),
    found.NotJson: _Repair(
        lambda at, it: at.scripts.fail_unreadable(it.id, it.data, at.now, NOT_JSON), "failed, for somebody to look at"
    ),
    found.Stray: _Repair(lambda at, it: at.scripts.unlist(it.key, it.type, it.member), "taken out"),
    found.LeakedLog: _Repair(lambda at, it: at.scripts.drop_log(it.id), "deleted"),
    found.LeakedUnique: _Repair(lambda at, it: at.scripts.drop_unique(it.key, it.id), "freed"),
    found.UnlistedType: _Repair(lambda at, it: at.scripts.list_type(it.type, it.id), "listed"),
    found.MissingTokens: _Repair(lambda at, it: at.scripts.add_tokens(it.type), "{} added"),
    found.SurplusTokens: _Repair(lambda at, it: at.scripts.trim_tokens(it.type), "{} taken away"),
    found.IdsBehind: _Repair(lambda at, it: at.scripts.raise_ids(it.highest), "raised"),
}
