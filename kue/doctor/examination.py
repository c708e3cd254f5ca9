"""Finds what is inconsistent: scans everything once, and checks each finding again after a grace period.

A queue in use changes while it is scanned, and a living Node process leaves jobs half-way for moments. So a report has
only findings that are still there, unchanged, after the grace period.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from kue.common.clock import milliseconds, steady
from kue.doctor.checks import Checks
from kue.doctor.findings import Finding, JobFinding, NotJson
from kue.doctor.key_findings import (
    Evicting,
    IdsBehind,
    LeakedLog,
    LeakedSchedule,
    LeakedUnique,
    LeakedWords,
    MissingTokens,
    OneWayWord,
    Stray,
    SurplusTokens,
    UnlistedSchedule,
    UnlistedType,
    WrongKind,
)
from kue.doctor.scan import Scan
from kue.doctor.word_checks import WordChecks
from kue.runtime import HasRuntime
from kue.store.inspection import Inspection

Wait = Callable[[float], object]
GRACE = 2000  # milliseconds
MAX_FINDINGS = 100_000  # a finding takes some hundred bytes, so this bounds the memory
_TOKEN_FINDINGS = (MissingTokens, SurplusTokens)
# The number of tokens changes with every job, so that the same number twice may be chance.
TOKEN_CHECKS = 5


@dataclass(frozen=True, slots=True)
class Report:
    """What `examine` found.

    - `jobs` is how many were read, `types` are the names of all types
    - `is_full`: there may be more to find, since the limit of findings was reached
    - `versions`: how many working processes there are of each version
    - `newer`: processes that speak a newer protocol, so that their jobs and leases were not judged
    - `is_blocked`: keys that everything else depends on are of the wrong type, so nothing else was checked
    - `other_prefixes`: if there is no job under this prefix, those in the same database that have some
    - `seen_at` is when everything was read, in seconds of the steady clock
    """

    findings: tuple[Finding, ...]
    jobs: int
    types: tuple[str, ...]
    is_full: bool
    seen_at: float
    is_blocked: bool
    versions: Mapping[str, int]
    newer: tuple[str, ...]
    other_prefixes: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def examine(
    queue: HasRuntime,
    *,
    grace: int | float | timedelta = GRACE,
    requeue_active_older_than: int | float | timedelta | None = None,
    most: int = MAX_FINDINGS,
    wait: Wait = time.sleep,
) -> Report:
    """Read everything under the prefix of a queue, and report what is inconsistent. It changes nothing.

    `grace` is how long something must stay inconsistent to be a finding (ms). An active job of a Node worker is one
    only if it was not updated for `requeue_active_older_than` (ms; None: never). The scan ends after `most` findings.
    `wait` sleeps for a number of seconds. Raises `ConnectionFailed`, `RedisRefused`, `InvalidOption`.
    """
    store = queue.runtime.store
    grace_seconds = milliseconds("grace", grace) / 1000
    old = None
    if requeue_active_older_than is not None:
        old = store.now() - milliseconds("requeue_active_older_than", requeue_active_older_than)
    checks = Checks(store, old)
    scan = Scan(store, checks, most)
    scan.walk()
    seen_at = steady()
    findings = list(scan.findings)
    for _ in range(TOKEN_CHECKS if findings else 0):
        wait(grace_seconds / TOKEN_CHECKS)
        findings = _with_confirmed_tokens(checks, findings)
    findings = _with_confirmed_tokens(checks, _with_confirmed_others(checks, WordChecks(store), findings))
    versions, newer = ({}, []) if scan.is_blocked else store.versions()
    return Report(
        findings=tuple(findings),
        jobs=scan.jobs,
        types=tuple(sorted(scan.types)),
        is_full=scan.is_full,
        seen_at=seen_at,
        is_blocked=scan.is_blocked,
        versions=versions,
        newer=tuple(sorted({*newer, *checks.newer})),
        other_prefixes=() if scan.jobs or scan.is_blocked else tuple(Inspection(store).prefixes_with_jobs()),
    )


def _with_confirmed_tokens(checks: Checks, findings: list[Finding]) -> list[Finding]:
    """The findings without those about tokens that another check does not find again."""
    tokens = [finding for finding in findings if isinstance(finding, _TOKEN_FINDINGS)]
    again = set(checks.tokens(findings, [finding.type for finding in tokens]))
    return [finding for finding in findings if not isinstance(finding, _TOKEN_FINDINGS) or finding in again]


def _with_confirmed_others(checks: Checks, words: WordChecks, findings: list[Finding]) -> list[Finding]:
    """The findings without those about anything but tokens that another check does not find again."""
    again = set(
        _check_again(checks, words, (finding for finding in findings if not isinstance(finding, _TOKEN_FINDINGS)))
    )
    return [finding for finding in findings if isinstance(finding, _TOKEN_FINDINGS) or finding in again]


def _check_again(checks: Checks, words: WordChecks, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Check again what these findings are about, and yield what is wrong now."""
    ids: dict[str, None] = {}
    logs: list[str] = []
    unique: list[str] = []
    schedules: list[str] = []
    strays: dict[tuple[str, str], list[str]] = defaultdict(list)
    kinds: dict[str, str] = {}
    leaked: list[str] = []
    entries: list[OneWayWord] = []
    for finding in findings:
        match finding:
            case Stray(key=key, type=type, member=member):
                strays[key, type].append(member)
            case LeakedLog(id=id):
                logs.append(id)
            case LeakedUnique(key=key):
                unique.append(key)
            case LeakedSchedule(name=name) | UnlistedSchedule(name=name):
                schedules.append(name)
            case LeakedWords(id=id):
                leaked.append(id)
            case OneWayWord():
                entries.append(finding)
            case IdsBehind(highest=highest):
                yield from checks.ids(highest)
            case Evicting():
                yield from checks.eviction()
            case WrongKind(key=key, due=due):
                kinds[key] = due
            case JobFinding(id=id) | NotJson(id=id) | UnlistedType(id=id):
                ids[id] = None
    yield from checks.jobs(list(ids))
    for (key, type), members in strays.items():
        yield from checks.members(key, type, members)
    yield from checks.logs(logs)
    yield from checks.unique(unique)
    yield from checks.schedules(schedules)
    yield from checks.kinds(kinds)
    yield from words.leaked(leaked)
    yield from words.entries(entries)
