"""Reads what the observer needs of a message, without decoding results and other data, which may be large."""

from __future__ import annotations

from typing import NamedTuple

from kue.store.messages import decode_message, peek

ENDS = {"complete": "completed", "failed": "failed", "failed attempt": "retried"}
"""The events at the end of a run, and the counter of each."""
PROMOTION, ENQUEUE, START = "promotion", "enqueue", "start"
_EVENTS = {*ENDS, PROMOTION, ENQUEUE, START}
_NAME_THE_TYPE = {ENQUEUE, START}
_END_IN_NODE = b"]}"


class Sighting(NamedTuple):
    """One event of one job, received `at` a time (ms).

    `by_python` is true if the message has a key behind `args`, as Python writes it: at the end of its runs, and when it
    has saved a job. `raw` is the message if it may be needed for the type, else empty.
    """

    id: int
    event: str
    at: int
    by_python: bool
    raw: bytes

    @property
    def type(self) -> str:
        """The type that the message names; "" if it names none."""
        message = decode_message(self.raw) if self.raw else None
        name = message.args[0] if message is not None and message.args else None
        return name if isinstance(name, str) else ""


def read_sighting(raw: bytes, at: int) -> Sighting | None:
    """What a message says; None if nothing is counted by it."""
    head = peek(raw)
    if head is None or head[1] not in _EVENTS:
        return None
    id, event = head
    by_python = not raw.endswith(_END_IN_NODE)
    return Sighting(id, event, at, by_python, raw if event in _NAME_THE_TYPE else b"")
