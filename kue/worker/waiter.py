"""Waits for tokens: a connection of its own with one BLPOP outstanding, watched by the I/O thread's selector.

Without a socket to watch (fakeredis) there is nothing outstanding: the I/O thread looks at the queues more often.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from redis.exceptions import ResponseError

from kue.common.shown import shown
from kue.store.connection import BROKEN, Connections
from kue.store.keys import Keys
from kue.store.link import Command, Link

BLOCK = 1.5


class Waiter:
    """One outstanding wait for jobs of several types."""

    def __init__(self, connections: Connections, keys: Keys) -> None:
        self._connections = connections
        self._keys = keys
        self.types: set[str] = set()  # those waited for; empty when nothing is outstanding
        self._by_key: dict[bytes, str] = {}
        self._turn = 0
        self.link: Link | None = None
        self.client_id = 0

    def open(self) -> None:
        """Connect. Raises `ConnectionFailed`; where there is no socket there will be no waiting."""
        link = self._connections.open()
        if link.socket is None:
            link.close()
            return
        try:
            self.client_id = int(link.exchange([("CLIENT", "ID")])[0])
        except BROKEN as broken:
            link.close()
            raise self._connections.lost(broken) from broken
        self.link = link

    def wait_for(self, types: Iterable[str]) -> None:
        """Begin to wait; the first key a BLPOP sees wins, so every wait begins at another type."""
        ordered = sorted(types)
        if self.link is None or not ordered:
            return
        self._turn = (self._turn + 1) % len(ordered)
        ordered = ordered[self._turn :] + ordered[: self._turn]
        self.types = set(ordered)
        self._by_key = {self._keys.tokens(type).encode(): type for type in ordered}
        self.link.send([("BLPOP", *self._by_key, BLOCK)])

    def received(self) -> tuple[set[str], str | None]:
        """The reply: the types that were waited for, and the one that has a token (None: the time is up)."""
        assert self.link is not None
        reply: Any = self.link.read()
        waited, self.types = self.types, set()
        if isinstance(reply, ResponseError):  # Redis does not say which key it means
            raise type(reply)(f"{reply} (waiting for {shown(sorted(self._by_key.values()))})")
        return waited, self._by_key[reply[0]] if reply else None

    def unblock(self) -> Command:
        """The command that ends the outstanding wait, for another connection to send."""
        return ("CLIENT", "UNBLOCK", self.client_id)

    def close(self) -> None:
        if self.link is not None:
            self.link.close()
        self.link = None
        self.types = set()
