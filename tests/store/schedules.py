"""A schedule as plain data, for the tests of the scripts in lua/schedules."""

from typing import Any

from kue.connection.connection import Command
from kue.store.schedules import Firing, StoredSchedule
from tests.store.conftest import Place
from tests.store.world import NOW, World

NAME = "nightly"
LIST, HASH = "q:py:schedules", f"q:py:schedule:{NAME}"
DUE, NEXT = NOW - 1000, NOW + 59_000
NEVER = float("inf")
FIRST = NOW - 61_000


def definition(**changes: Any) -> dict[str, Any]:
    """The fields that a declaration writes. A change of any must come with another digest."""
    fields = {"when": 60_000, "tz": "UTC", "start": "", "until": "", "times": "", "catch_up": "last"}
    fields |= {"overlap": "allow", "digest": "d1", "job:type": "email", "job:data": '{"to":"tj"}'}
    fields |= {"job:priority": 0, "job:max_attempts": 1} | changes
    return fields


def schedule(due: float = DUE, **changes: Any) -> World:
    """A schedule that is in the zset and has a hash; a field of None is left out."""
    fields = definition(first=FIRST, **changes)
    return {LIST: {NAME: float(due)}, HASH: {name: str(value) for name, value in fields.items() if value is not None}}


def fire(
    place: Place, *times: int, due: int | None = NEXT, at: float = DUE, digest: str = "d1", now: int = NOW
) -> Command:
    read = StoredSchedule(at, {"digest": digest.encode()})
    return place.schedules.fire(Firing(NAME, read, due, times), now)


def shown(reply: Any) -> tuple[float, dict[str, str]]:
    """What a script shows of a schedule: its next time and its hash."""
    due, flat = reply
    return float(due), dict(zip(flat[::2], flat[1::2], strict=True))
