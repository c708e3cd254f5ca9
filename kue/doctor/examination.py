"""Finds what is inconsistent: one survey, and after a grace period a second look at each thing it noted.

A queue in use changes while it is read, and a live Node process leaves its jobs half-way for moments. So only what is
still so after the grace, and unchanged, is reported.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from kue.common.clock import milliseconds, steady
from kue.doctor.checks import Checks
from kue.doctor.findings import (
    Finding,
    IdsBehind,
    JobFinding,
    LeakedLog,
    LeakedUnique,
    MissingTokens,
    NotJson,
    Stray,
    SurplusTokens,
    UnlistedType,
    WrongKind,
)
from kue.doctor.scan import Scan
from kue.runtime import HasRuntime

Wait = Callable[[float], object]
GRACE = 2000
# Some hundred bytes each: what it takes to remember them all is bounded too.
MOST_FINDINGS = 100_000
TOKENS = (MissingTokens, SurplusTokens)
# Tokens come and go with every job, and the same number twice may be chance.
LOOKS_AT_TOKENS = 5


@dataclass(frozen=True, slots=True)
class Report:
    """What was found; `jobs` is how many were read, `is_full` whether there may be more to find than it holds,
    `is_blocked` whether nothing but the keys of Kue's own was looked at, since some are of the wrong kind."""

    findings: tuple[Finding, ...]
    jobs: int
    types: tuple[str, ...]
    is_full: bool
    seen_at: float
    is_blocked: bool

    @property
    def is_clean(self) -> bool:
        return not self.findings


def examine(
    queue: HasRuntime,
    *,
    grace: int | float | timedelta = GRACE,
    requeue_active_older_than: int | float | timedelta | None = None,
    most: int = MOST_FINDINGS,
    wait: Wait = time.sleep,
) -> Report:
    """Read everything under the prefix of a queue, changing nothing.

    Active jobs of Node workers are findings only with `requeue_active_older_than` (ms), and where they were not touched
    for so long. Raises `ConnectionFailed`, `RedisRefused`, `InvalidOption`.
    """
    store = queue.runtime.store
    patience = milliseconds("grace", grace) / 1000
    old = None
    if requeue_active_older_than is not None:
        old = store.clock() - milliseconds("requeue_active_older_than", requeue_active_older_than)
    looks = Checks(store, old)
    survey = Scan(store, looks, most)
    survey.walk()
    seen_at = steady()
    findings = list(survey.findings)
    for _ in range(LOOKS_AT_TOKENS if findings else 0):
        wait(patience / LOOKS_AT_TOKENS)
        findings = _with_tokens_so(looks, findings)
    findings = _with_tokens_so(looks, _still_so(looks, findings))
    return Report(tuple(findings), survey.jobs, tuple(sorted(survey.types)), survey.is_full, seen_at, survey.is_blocked)


def _with_tokens_so(looks: Checks, findings: list[Finding]) -> list[Finding]:
    """The findings, of those about tokens only the ones that another look finds again."""
    tokens = [finding for finding in findings if isinstance(finding, TOKENS)]
    again = set(looks.tokens(findings, [finding.type for finding in tokens]))
    return [finding for finding in findings if not isinstance(finding, TOKENS) or finding in again]


def _still_so(looks: Checks, findings: list[Finding]) -> list[Finding]:
    """The findings, of those not about tokens only the ones that another look finds again."""
    again = set(_again(looks, (finding for finding in findings if not isinstance(finding, TOKENS))))
    return [finding for finding in findings if isinstance(finding, TOKENS) or finding in again]


def _again(looks: Checks, findings: Iterable[Finding]) -> Iterator[Finding]:
    ids: dict[str, None] = {}
    logs: list[str] = []
    unique: list[str] = []
    strays: dict[tuple[str, str], list[str]] = defaultdict(list)
    kinds: dict[str, str] = {}
    for finding in findings:
        match finding:
            case Stray(key=key, type=type, member=member):
                strays[key, type].append(member)
            case LeakedLog(id=id):
                logs.append(id)
            case LeakedUnique(key=key):
                unique.append(key)
            case IdsBehind(highest=highest):
                yield from looks.ids(highest)
            case WrongKind(key=key, due=due):
                kinds[key] = due
            case JobFinding(id=id) | NotJson(id=id) | UnlistedType(id=id):
                ids[id] = None
    yield from looks.jobs(list(ids))
    for (key, type), members in strays.items():
        yield from looks.members(key, type, members)
    yield from looks.logs(logs)
    yield from looks.unique(unique)
    yield from looks.kinds(kinds)
