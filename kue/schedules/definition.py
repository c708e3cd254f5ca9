"""What a schedule is, as a user declared it and as its hash in Redis holds it.

- checks what `every` was given
- writes it to fields of the hash, and reads it from them
- gives the timetable
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Self

from kue.common.clock import moment
from kue.common.describe import short_repr
from kue.common.names import plain_text
from kue.connection.connection import Argument
from kue.errors import InvalidOption, InvalidSchedule
from kue.options.values import parse_number, read_choice, read_whole
from kue.schedules.timetable import Timetable
from kue.schedules.when import MAX_INTERVAL_MS, MIN_INTERVAL_MS, When, read_when, recurrence
from kue.schedules.zone import WallClock
from kue.store.codec import text, text_bytes

CATCH_UP = ("last", "all", "skip")
OVERLAP = ("allow", "skip")
_NEEDED = ("digest", "job:type", "job:data", "job:priority", "job:max_attempts")  # else Redis refuses its jobs


@dataclass(frozen=True, slots=True)
class Definition:
    """When the jobs of one schedule are due, and what happens if they were missed or overlap. Times are in ms."""

    name: str
    when: When
    tz: str
    start: int | None
    until: int | None
    times: int | None
    catch_up: str
    overlap: str

    @classmethod
    def read(
        cls,
        name: str,
        when: object,
        *,
        tz: object = None,
        start: object = None,
        until: object = None,
        times: object = None,
        catch_up: object = "last",
        overlap: object = "allow",
    ) -> Self:
        """Check what a user gave. Raises `InvalidSchedule`."""
        try:
            read = cls(
                name,
                read_when(when),
                _read_zone(tz),
                _read_moment("start", start),
                _read_moment("until", until),
                None if times is None else read_whole("times", times, least=1),
                read_choice("catch_up", catch_up, CATCH_UP),
                read_choice("overlap", overlap, OVERLAP),
            )
        except InvalidSchedule:
            raise
        except InvalidOption as problem:
            raise InvalidSchedule(str(problem)) from None
        WallClock(read.tz)
        if read.start is not None and read.until is not None and read.until < read.start:
            raise InvalidSchedule(f"until must not be before start: {short_repr(until)} is before {short_repr(start)}")
        return read

    @classmethod
    def from_hash(cls, name: str, hash: Mapping[str, bytes]) -> Self:
        """Read what is stored. Raises `InvalidSchedule` if this release cannot know what is meant."""
        held = {field: text(hash.get(field, b"")) for field in cls.__slots__}
        when = held["when"]
        is_known = held["catch_up"] in CATCH_UP and held["overlap"] in OVERLAP
        if not is_known or not _is_readable(when) or not all(map(hash.get, _NEEDED)):
            raise InvalidSchedule(f"the schedule {name!r} cannot be read by this release")
        return cls(
            name,
            int(when) if when.isdecimal() else when,
            held["tz"],
            _stored_number(held["start"]),
            _stored_number(held["until"]),
            _stored_number(held["times"]),
            held["catch_up"],
            held["overlap"],
        )

    def timetable(self, first: int) -> Timetable:
        """Its times; those of an interval begin at `first`. Raises `InvalidSchedule`, such as for an unknown zone."""
        return Timetable(recurrence(self.when, self.tz, self.name, first), self.start, self.until)

    def first(self, now: int) -> int:
        """When an interval that is declared now has its first time."""
        return self.start if self.start is not None else now + (self.when if isinstance(self.when, int) else 0)

    def fields(self, job: Mapping[str, Argument]) -> dict[str, Argument]:
        """The fields of the hash, with those of the job, and a digest by which a change is seen."""
        own: dict[str, Argument] = {
            field: "" if (value := getattr(self, field)) is None else value
            for field in self.__slots__
            if field != "name"
        }
        fields = {**own, **job}
        parts = (part for name in sorted(fields) for part in (name, fields[name]))
        digest = hashlib.sha1(b"\0".join(map(_as_bytes, parts)), usedforsecurity=False).hexdigest()
        return {**fields, "digest": digest}


def _read_zone(value: object) -> str:
    if value is None:
        return "UTC"
    name = getattr(value, "key", None) or (str(value) if isinstance(value, tzinfo) else value)
    if not isinstance(name, str) or not name:
        raise InvalidSchedule(f"tz must be the name of a time zone such as 'Europe/Berlin', not {short_repr(value)}")
    return plain_text(name)


def _read_moment(name: str, value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise InvalidSchedule(f"{name} must be an aware datetime, not {short_repr(value)}")
    return moment(name, value).at


def _is_readable(when: str) -> bool:
    if not when.isdecimal():
        return bool(when)
    return MIN_INTERVAL_MS <= (_stored_number(when) or 0) <= MAX_INTERVAL_MS


def _stored_number(stored: str) -> int | None:
    number = parse_number(stored)
    return None if number is None else int(number)


def _as_bytes(part: Argument) -> bytes:
    return part if isinstance(part, bytes) else text_bytes(str(part))
