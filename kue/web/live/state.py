"""The state of one topic: its values by key, and when each of them changed.

So what a client has not been sent yet needs no list for that client. However long it does not read, it is then sent
the newest values, and none of those in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

from kue.common import strict_json
from kue.store import codec

_MAX_GONE = 1000


class Tail(NamedTuple):
    """The end of a list that only grows: how long the list is, and its last lines; None if they are not shown."""

    total: int
    lines: tuple[str, ...] | None

    def after(self, sent: int) -> dict[str, Any]:
        """The lines behind the first `sent` lines, as far as they are kept, and the number of the first of them."""
        if self.lines is None:
            return {"total": self.total, "from": self.total, "lines": None}
        kept_from = self.total - len(self.lines)
        first = kept_from if sent > self.total else max(sent, kept_from)
        return {"total": self.total, "from": first, "lines": list(islice(self.lines, first - kept_from, None))}


class Sent(NamedTuple):
    """What a client was sent of a topic: up to which reading, and how many lines of its tail."""

    reading: int = 0
    lines: int = 0


NOTHING = Sent()


class State:
    """The state of one topic. Readings have numbers that grow, from 1 on. The poller's lock guards it."""

    def __init__(self) -> None:
        self.changed_at = 0
        self._values: Mapping[str, Any] = {}
        self._changed: dict[str, int] = {}  # of each key, that of a key which is gone included
        self._whole_until = 0
        self._written: tuple[tuple[str, Sent, int], bytes] | None = None

    def update(self, values: Mapping[str, Any], reading: int) -> bool:
        """Take over what the values are now. Returns whether any of them changed; the first values always do."""
        before = self._values
        changed = [key for key, value in values.items() if key not in before or before[key] != value]
        gone = [key for key in before if key not in values]
        if not changed and not gone and self.changed_at:
            return False
        self._changed.update(dict.fromkeys([*changed, *gone], reading))
        self._values = values
        self.changed_at = reading
        if len(self._changed) > len(values) + _MAX_GONE:
            self._changed = {key: at for key, at in self._changed.items() if key in values}
            self._whole_until = reading
        return True

    def since(self, sent: Sent) -> tuple[str, Sent]:
        """What changed since a client was sent something, as JSON; and what it has been sent with that.

        `whole` tells that these are all values. A key that is gone has the value null.
        """
        return strict_json.dumps(self._parts(sent)), Sent(self.changed_at, self._lines())

    def event(self, topic: str, sent: Sent) -> tuple[bytes, Sent]:
        """The same as a server-sent event. Clients that know the same share its bytes, however slowly they read."""
        key = topic, sent, self.changed_at
        if self._written is None or self._written[0] != key:
            # JSON has no line breaks.
            text = f"id: {self.changed_at}\ndata: {with_topic(topic, self.since(sent)[0])}\n\n"
            self._written = key, codec.text_bytes(text)
        return self._written[1], Sent(self.changed_at, self._lines())

    def _parts(self, sent: Sent) -> dict[str, Any]:
        whole = sent.reading <= self._whole_until
        keys = self._values if whole else [key for key, at in self._changed.items() if at > sent.reading]
        values = {key: self._values.get(key) for key in keys}
        for key, value in values.items():
            if isinstance(value, Tail):
                values[key] = value.after(0 if whole else sent.lines)
        return {"whole": whole, "values": values}

    def _lines(self) -> int:
        return sum(value.total for value in self._values.values() if isinstance(value, Tail))


def with_topic(topic: str, text: str) -> str:
    """The JSON of what changed, with the name of its topic."""
    return f'{{"topic":{strict_json.dumps(topic)},{text[1:]}'
