"""Groups failed jobs by what went wrong: the first line of the error, whatever numbers, ids and names stand in it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from kue.options.values import parse_number
from kue.store import codec
from kue.store.pages import Pages

MAX_JOBS = 1000
MAX_MESSAGE = 300
_HOUR_MS = 3_600_000
_FIELDS = ("type", "error", "failed_at")
# What differs between failures of one kind, the longest first.
_BLANKS = (
    (re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "#"),
    (re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`"), "…"),
    (re.compile(r"\b(?:0x)?(?=[0-9a-fA-F]*[0-9])[0-9a-fA-F]{6,}\b"), "#"),
    (re.compile(r"\d+(?:\.\d+)*"), "#"),
)


@dataclass
class Group:
    """Failed jobs whose errors are alike. `hours` counts them by the start of their hour, in ms."""

    key: str
    message: str
    count: int = 0
    first: int | None = None
    last: int | None = None
    types: Counter[str] = field(default_factory=Counter)
    hours: Counter[int] = field(default_factory=Counter)
    ids: list[int] = field(default_factory=list)

    def add(self, id: int, type: str, failed_at: int | None) -> None:
        self.count += 1
        self.types[type] += 1
        self.ids.append(id)
        if failed_at is not None:
            self.first = failed_at if self.first is None else min(self.first, failed_at)
            self.last = failed_at if self.last is None else max(self.last, failed_at)
            self.hours[failed_at // _HOUR_MS * _HOUR_MS] += 1


def groups(pages: Pages) -> tuple[list[Group], int, int]:
    """The groups of the newest thousand failed jobs, the largest first; how many were read, and how many there are."""
    newest = pages.by_age("newest", MAX_JOBS, "failed")
    places, total = newest or (pages.after(MAX_JOBS, "failed"), pages.size("failed"))
    ids = [place.id for place in places if place.id is not None]
    found: dict[str, Group] = {}
    for id, fields in pages.rows(ids, _FIELDS):
        first = (fields["error"] or b"").partition(b"\n")[0]
        line = codec.text(first)[:MAX_MESSAGE]
        key = blanked(line)
        failed_at = parse_number(fields["failed_at"])
        group = found.setdefault(key, Group(key, line))
        group.add(id, codec.text(fields["type"] or b""), None if failed_at is None else int(failed_at))
    return sorted(found.values(), key=lambda group: (-group.count, group.key)), len(ids), total


def blanked(line: str) -> str:
    """A message without what differs between failures of one kind: numbers, ids, and quoted text."""
    for pattern, blank in _BLANKS:
        line = pattern.sub(blank, line)
    return line
