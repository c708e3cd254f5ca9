"""Scans everything under a prefix once, in steps of bounded size, and collects what checks wrong.

It keeps in memory one page, the names of the types, and the findings.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import TypeVar

from kue.doctor.checks import Checks
from kue.doctor.findings import Finding, Unreadable
from kue.doctor.key_findings import UnlistedType
from kue.doctor.word_checks import WordChecks
from kue.options.values import STATES
from kue.store.inspection import Inspection
from kue.store.keys import KEYS, UNIQUE_TYPE
from kue.store.store import Store

_CHECKED_FIRST = ("ids", "types", "jobs", "leases")  # all other checks depend on these keys
_CHECKED_LAST = ("flow", "lost", "unindex", "purge_lock", "recovery_lock", "observe_lock")
_Page = TypeVar("_Page")


class Scan:
    """One scan. `findings` are in the order in which they were found. It ends early after `max_findings`."""

    def __init__(self, store: Store, checks: Checks, max_findings: int) -> None:
        self._inspection = Inspection(store)
        self._keys = store.keys
        self._checks = checks
        self._words = WordChecks(store)
        self._max_findings = max_findings
        self.findings: dict[Finding, None] = {}
        self.types: set[str] = set()
        self.jobs = 0
        self.highest = 0
        self.is_blocked = False
        self._sets: dict[str, str] = {}

    @property
    def is_full(self) -> bool:
        """Whether the scan ended early."""
        return len(self.findings) >= self._max_findings

    def walk(self) -> None:
        """Scan. If one of the keys that all checks depend on has the wrong type, it stops after these keys."""
        keys = self._keys
        fixed = {getattr(keys, row): KEYS[row].kind for row in _CHECKED_FIRST}
        fixed |= {keys.state(state): KEYS["state"].kind for state in STATES}
        self._note(self._checks.kinds(fixed))
        if self.findings:
            self.is_blocked = True
            return
        self.types.update(self._inspection.types())
        self._walk_keys()
        self._sets = self._sets_of_jobs(fixed)
        self._walk_sets()
        self._walk_unique()
        self._walk_schedules()
        self._note(self._checks.kinds({getattr(keys, row): KEYS[row].kind for row in _CHECKED_LAST}))
        self._note(self._checks.eviction())
        if not self.is_full:
            self._note(self._checks.tokens(self.findings, sorted(self.types)))
            self._note(self._checks.ids(self.highest))

    def _walk_keys(self) -> None:
        keys = self._keys
        for page in self._until_full(self._inspection.pages_of_keys()):
            read: dict[str, list[str]] = defaultdict(list)
            for key in page:
                kind, of = keys.read(key)
                read[kind].append(key if kind == "stats" else of)
            self.types.update(read["type_state"])
            self.jobs += len(read["job"])
            wrong = self._checks.jobs(read["job"])
            broken = {finding.id for finding in wrong if isinstance(finding, Unreadable)}
            self.highest = max([self.highest, *(int(id) for id in read["job"] if id not in broken)])
            self._note(wrong)
            self._note(self._checks.logs(read["log"]))
            self._note(self._checks.kinds({keys.within(key): KEYS["within"].kind for key in read["within"]}))
            self._note(self._checks.kinds({keys.mail(process): KEYS["mail"].kind for process in read["mail"]}))
            self._note(self._checks.kinds({keys.worker(process): KEYS["worker"].kind for process in read["worker"]}))
            self._note(self._checks.kinds(dict.fromkeys(read["stats"], KEYS["stats"].kind)))
            self._note(self._checks.schedules(read["schedule"]))
            self._note(self._checks.kinds({keys.schedule(name): KEYS["schedule"].kind for name in read["schedule"]}))
            self._walk_words(read["search_object"], read["search_word"])
            self._note(self._checks.kinds({keys.rate(type): KEYS["rate"].kind for type in read["rate"]}))

    def _walk_words(self, ids: list[str], codes: list[str]) -> None:
        keys = self._keys
        self._note(self._checks.kinds({keys.search_object(id): KEYS["search_object"].kind for id in ids}))
        self._note(self._checks.kinds({keys.search_word(code): KEYS["search_word"].kind for code in codes}))
        for findings in self._until_full(itertools.chain(self._words.objects(ids), self._words.words(codes))):
            self._note(findings)

    def _sets_of_jobs(self, fixed: dict[str, str]) -> dict[str, str]:
        """Every zset of jobs that exists, with the type of its jobs; "" for all types."""
        keys = self._keys
        typed = {keys.type_state(type, state): type for type in self.types for state in STATES}
        there = dict.fromkeys(typed, KEYS["type_state"].kind)
        lists = {keys.tokens(type): KEYS["tokens"].kind for type in self.types if keys.tokens(type) != keys.unique}
        self._note(self._checks.kinds(there))
        self._note(self._checks.kinds(lists))
        general = [key for key in fixed if fixed[key] == "zset" and key != keys.leases]
        return dict.fromkeys(general, "") | {key: typed[key] for key in there}

    def _walk_sets(self) -> None:
        for key, type in self._sets.items():
            for page in self._until_full(self._inspection.pages_of_members(key)):
                self._note(self._checks.members(key, type, page))

    def _walk_unique(self) -> None:
        if UNIQUE_TYPE not in self.types:  # else it may be the list of tokens of that type
            self._note(self._checks.kinds({self._keys.unique: KEYS["unique"].kind}))
        for page in self._until_full(self._inspection.pages_of_unique_keys()):
            self._note(self._checks.unique(page))

    def _walk_schedules(self) -> None:
        self._note(self._checks.kinds({self._keys.schedules: KEYS["schedules"].kind}))
        for page in self._until_full(self._inspection.pages_of_schedules()):
            self._note(self._checks.schedules(page))

    def _until_full(self, pages: Iterator[_Page]) -> Iterator[_Page]:
        while not self.is_full and (page := next(pages, None)) is not None:
            yield page

    def _note(self, findings: list[Finding]) -> None:
        self.findings.update(dict.fromkeys(findings))
        self.types.update(finding.type for finding in findings if isinstance(finding, UnlistedType))
