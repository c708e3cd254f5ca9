"""Builds and reads the messages on the events channel, in Node's form. One that is no message is read as None."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from kue.store.codec import decode
from kue.store.codec import encode as encode_json
from kue.store.identity import read_created_at

# How many arguments, besides its name, an event has for the listeners of a job. Node pads them with null in messages.
ARGUMENTS = {
    "enqueue": 1,
    "promotion": 0,
    "start": 1,
    "progress": 2,
    "error": 1,
    "failed attempt": 2,
    "failed": 1,
    "complete": 1,
    "remove": 1,
    "ttl exceeded": 0,
    "ttl exceeded ack": 0,
}
MAX_ARGUMENT_BYTES = 4_000_000
"""A longer result or other data is left out of its message. Redis cuts off a subscriber that falls 32 MB behind."""

CUT_KEY = b',"cut":true'

# The event whose data may be left out, the place of the data among its arguments, and the field that has it.
_LEFT_OUT = {"complete": (0, "result"), "progress": (1, "progress_data"), "result": (0, "py_sent")}
_HEAD = re.compile(rb'\{"id":"?(\d{1,16})"?,"event":"([^"\\]*)","args":\["\2"')


class Message(NamedTuple):
    """One event of one job. The keys below `args` are Python's; Node does not send them.

    `cut` means that the message leaves data out, and `invalid` that JSON cannot hold the result.
    """

    id: int
    event: str
    args: tuple[Any, ...]
    created_at: int | None = None
    invalid: bool = False
    cut: bool = False

    @property
    def missing_field(self) -> str | None:
        """The field of the hash that has what the message leaves out."""
        return _LEFT_OUT[self.event][1] if self.cut and self.event in _LEFT_OUT else None

    def completed(self, raw: bytes | None) -> Message:
        """The whole message, with the content of `missing_field`; None is left if there is none."""
        place, _ = _LEFT_OUT[self.event]
        try:
            value = None if raw is None else decode(raw)
        except ValueError:
            value = None
        return self._replace(args=(*self.args[:place], value, *self.args[place + 1 :]), cut=False)


def encode(id: int, event: str, *args: bytes, more: bytes = b"") -> bytes:
    """Build a message. The arguments after the event's name are JSON already.

    `more` is further keys, each with a comma before it. They stand behind `args`, so that `peek` finds the head.
    """
    name = encode_json(event, "event")
    return b'{"id":%d,"event":%s,"args":[%s]%s}' % (id, name, b",".join((name, *args)), more)


def peek(raw: bytes) -> tuple[int, str] | None:
    """The id and event of a message in the usual form, without decoding the rest. None: only decoding will show."""
    head = _HEAD.match(raw)
    return (int(head[1]), head[2].decode("utf-8", "replace")) if head else None


def decode_message(raw: bytes) -> Message | None:
    """Read a message; None if it is not JSON or has another form. As in Node, the first of `args` names the event."""
    try:
        found = decode(raw)
        id, args = found["id"], found["args"]
        if isinstance(id, str) and id.isascii() and id.isdigit():
            id = int(id)
        if isinstance(id, bool) or not isinstance(id, int) or not isinstance(args, list):
            return None
        event = args[0]
    except (ValueError, TypeError, KeyError, IndexError):
        return None
    if not isinstance(event, str) or not event:
        return None
    rest = args[1:]
    count = ARGUMENTS.get(event)
    if count is not None:
        rest = (rest + [None] * count)[:count]
    created_at, invalid, cut = (found.get(key) for key in ("created_at", "invalid", "cut"))
    return Message(id, event, tuple(rest), read_created_at(created_at), invalid is True, cut is True)
