"""Mends what was found, each with a script that looks again and decides for itself; what is fine by then stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from kue.common.clock import milliseconds, steady
from kue.doctor import findings as found
from kue.doctor.examination import Report, Wait
from kue.doctor.findings import Finding
from kue.doctor.looks import batches
from kue.jobs.home import HasHome, Home
from kue.store.link import Command
from kue.store.repairs import Repairs, name
from kue.timers.recovery import Recovery, process_of

GRACE = 60_000
NOT_JSON = "Error: the data of this job is not JSON"
NO_STATE = "Error: the state of this job was lost"
_MOST_TOKENS = 1000  # what add_tokens adds at a time


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of a finding: `done` says what was done, "" where nothing; `problem` why it could not be mended."""

    finding: Finding
    done: str
    problem: str = ""


def mend(
    queue: HasHome,
    report: Report,
    *,
    grace: int | float | timedelta = GRACE,
    wait: Wait = time.sleep,
    tell: Callable[[Mended], object] | None = None,
) -> list[Mended]:
    """Mend what a report holds, and say what was done; `tell` hears of each at once.

    What may be the work of a living process half-way through its steps comes last, and is mended only if it has stood
    unchanged for the grace (ms). Raises `ConnectionFailed`, `RedisRefused`, `InvalidOption`.
    """
    patience = milliseconds("grace", grace) / 1000
    practice = _Practice(queue.home, report.types)
    mended: list[Mended] = []

    def carry_out(findings: list[Finding]) -> None:
        for batch in batches(findings):
            for one in practice.mend(batch):
                mended.append(one)
                if tell is not None:
                    tell(one)

    carry_out([finding for finding in report.findings if not finding.fleeting])
    later = [finding for finding in report.findings if finding.fleeting]
    left = report.seen_at + patience - steady()
    if later and left > 0:
        wait(left)
    carry_out(later)
    return mended


class _Practice:
    """Carries out repairs, a batch in a round trip."""

    def __init__(self, home: Home, types: Sequence[str]) -> None:
        self.home = home
        self.types = types
        self.scripts = Repairs(home.store.keys)
        self.now = 0

    def mend(self, findings: Sequence[Finding]) -> list[Mended]:
        self.now = self.home.store.clock()
        cures = [_CURES.get(type(finding)) for finding in findings]
        commands = [cure.command(self, finding) for cure, finding in zip(cures, findings, strict=True) if cure]
        replies = iter(self.home.store.ask(commands))
        return [
            self._mended(finding, cure, next(replies))
            if cure
            else Mended(finding, "", "nobody but its owner knows what to do with it")
            for cure, finding in zip(cures, findings, strict=True)
        ]

    def _mended(self, finding: Finding, cure: _Cure, reply: Any) -> Mended:
        if isinstance(reply, ResponseError):
            return Mended(finding, "", f"Redis refused: {reply}")
        if isinstance(finding, found.Abandoned):
            return Mended(finding, self._rescued(finding, reply))
        if isinstance(finding, found.MissingTokens):
            reply = self._all_tokens(finding, reply)
        return Mended(finding, cure.done.format(name(reply) if isinstance(reply, bytes) else reply) if reply else "")

    def rescue(self, finding: found.Abandoned) -> Command:
        options, process = self.home.options, process_of(finding.worker) or ""
        runs = [(int(finding.id), finding.worker)]
        return self.home.store.transitions.rescue(process, self.now, options.ghost_retries, options.ghost_delay, runs)

    def _rescued(self, finding: found.Abandoned, reply: list[Any]) -> str:
        code, *rest = reply
        if code != 1 or not any(rest):
            return ""
        if rest[0]:
            return _CURES[found.Abandoned].done
        process = process_of(finding.worker) or ""
        Recovery(self.home).fail(process, [(int(finding.id), finding.worker)], self.now)
        return "it was lost too often: ended as a failed attempt"

    def _all_tokens(self, finding: found.MissingTokens, added: int) -> int:
        more = added
        while more == _MOST_TOKENS:
            more = int(self.home.store.connections.call(*self.scripts.add_tokens(finding.type)))
            added += more
        return added


class _Cure(NamedTuple):
    """The command that mends a finding `it`, and what is said then; {} is the reply."""

    command: Callable[[_Practice, Any], Command]
    done: str


_CURES: dict[type[Finding], _Cure] = {
    found.Unreadable: _Cure(
        lambda at, it: at.scripts.drop_unreadable(it.id, it.mark, at.types), "deleted, and taken out of every set"
    ),
    found.Unfinished: _Cure(lambda at, it: at.scripts.finish_save(it.id, it.mark, at.now), "now {}"),
    found.Unsettled: _Cure(lambda at, it: at.scripts.settle_state(it.id, it.mark, at.now, NO_STATE), "now {}"),
    found.Misfiled: _Cure(lambda at, it: at.scripts.refile(it.id, it.mark, at.now), "filed where it belongs"),
    found.Stuck: _Cure(lambda at, it: at.scripts.refile(it.id, it.mark, at.now), "put back in its queue"),
    found.Abandoned: _Cure(lambda at, it: at.rescue(it), "put back in its queue"),
    found.LongActive: _Cure(lambda at, it: at.scripts.requeue_old(it.id, it.mark, at.now), "put back in its queue"),
    found.NotJson: _Cure(
        lambda at, it: at.scripts.fail_unreadable(it.id, it.data, at.now, NOT_JSON), "failed, for somebody to look at"
    ),
    found.Stray: _Cure(lambda at, it: at.scripts.unlist(it.key, it.type, it.member), "taken out"),
    found.LeakedLog: _Cure(lambda at, it: at.scripts.drop_log(it.id), "deleted"),
    found.LeakedUnique: _Cure(lambda at, it: at.scripts.drop_unique(it.key, it.id), "freed"),
    found.UnlistedType: _Cure(lambda at, it: at.scripts.list_type(it.type, it.id), "listed"),
    found.MissingTokens: _Cure(lambda at, it: at.scripts.add_tokens(it.type), "{} added"),
    found.SurplusTokens: _Cure(lambda at, it: at.scripts.trim_tokens(it.type), "{} taken away"),
    found.IdsBehind: _Cure(lambda at, it: at.scripts.raise_ids(it.highest), "raised"),
}
