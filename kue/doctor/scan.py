"""Reads everything under a prefix once, in bounded steps, and notes what looks wrong.

Keys come from `SCAN`, members from `ZSCAN` and `HSCAN`, some hundreds at a time, so that no step holds up the server
for more than a few milliseconds. Kept in memory are one page, the names of the types, and what was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from redis.exceptions import ResponseError

from kue.doctor.checks import Checks, granted, raw
from kue.doctor.findings import Finding, UnlistedType, Unreadable
from kue.store.keys import STATES
from kue.store.repairs import name
from kue.store.store import Store

PAGE = 500


class Scan:
    """One walk. `findings` are in the order in which they were met; it ends early after `most` of them."""

    def __init__(self, store: Store, looks: Checks, most: int) -> None:
        self._store = store
        self._looks = looks
        self._most = most
        self.findings: dict[Finding, None] = {}
        self.types: set[str] = set()
        self.jobs = 0
        self.highest = 0
        self.is_blocked = False
        self._sets: dict[str, str] = {}

    @property
    def is_full(self) -> bool:
        """Whether it ended early."""
        return len(self.findings) >= self._most

    def walk(self) -> None:
        """Where a key of Kue's own holds something else, it looks no further: all the rest is judged by these."""
        keys = self._store.keys
        fixed = {keys.ids: "string", keys.types: "set", keys.jobs: "zset", keys.leases: "zset"}
        fixed |= {keys.state(state): "zset" for state in STATES}
        self._note(self._looks.kinds(fixed))
        if self.findings:
            self.is_blocked = True
            return
        self.types.update(name(type) for type in self._store.connections.call("SMEMBERS", keys.types))
        self._walk_keys()
        self._sets = self._sets_of_jobs(fixed)
        self._walk_sets()
        self._walk_unique()
        if not self.is_full:
            self._note(self._looks.tokens(self.findings, sorted(self.types)))
            self._note(self._looks.ids(self.highest))

    def _walk_keys(self) -> None:
        for page in self._pages("SCAN", None, "MATCH", raw(self._store.keys.pattern)):
            read: dict[str, list[str]] = {"job": [], "log": [], "type_state": [], "": []}
            for key in page:
                kind, of = self._store.keys.read(name(key))
                read[kind].append(of)
            self.types.update(read["type_state"])
            self.jobs += len(read["job"])
            wrong = self._looks.jobs(read["job"])
            broken = {finding.id for finding in wrong if isinstance(finding, Unreadable)}
            self.highest = max([self.highest, *(int(id) for id in read["job"] if id not in broken)])
            self._note(wrong)
            self._note(self._looks.logs(read["log"]))

    def _sets_of_jobs(self, fixed: dict[str, str]) -> dict[str, str]:
        """Every zset of jobs there is, with its type, "" for all types."""
        keys = self._store.keys
        typed = {keys.type_state(type, state): type for type in self.types for state in STATES}
        there = dict.fromkeys(typed, "zset")
        lists = {keys.tokens(type): "list" for type in self.types if keys.tokens(type) != keys.unique}
        self._note(self._looks.kinds(there))
        self._note(self._looks.kinds(lists))
        general = [key for key in fixed if fixed[key] == "zset" and key != keys.leases]
        return dict.fromkeys(general, "") | {key: typed[key] for key in there}

    def _walk_sets(self) -> None:
        for key, type in self._sets.items():
            for page in self._pages("ZSCAN", key):
                self._note(self._looks.members(key, type, [name(member) for member in page[::2]]))

    def _walk_unique(self) -> None:
        keys = self._store.keys
        if self._store.connections.call("TYPE", keys.unique) == b"hash":
            for page in self._pages("HSCAN", keys.unique):
                self._note(self._looks.unique([name(key) for key in page[::2]]))

    def _pages(self, scan: str, key: str | None, *options: str | bytes) -> Iterator[list[Any]]:
        """The pages of a scan, until its end or until enough was found."""
        cursor = b"0"
        subject = () if key is None else (raw(key),)
        while not self.is_full:
            reply = self._store.ask([(scan, *subject, cursor, *options, "COUNT", PAGE)])[0]
            if isinstance(reply, ResponseError) and str(reply).startswith("WRONGTYPE"):
                return
            cursor, page = granted(reply)
            if page:
                yield page
            if cursor == b"0":
                return

    def _note(self, findings: list[Finding]) -> None:
        self.findings.update(dict.fromkeys(findings))
        self.types.update(finding.type for finding in findings if isinstance(finding, UnlistedType))
