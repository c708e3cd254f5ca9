"""Puts back jobs that are active under the name of this process, but unknown to it: the reply to a take was lost.

- remembers which runs a lost take asked for; no other run of this process has their numbers
- looks for their jobs once the connection works again, and once more a lease later, since the network may deliver a
  take late
- asks for one page after the other, and rests in between, so that a whole fleet may look at the same time
- before the process ends, looks a last time for what is still in doubt

It does nothing, and costs nothing, while no take is in doubt.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from kue.common.timer_queue import TimerQueue
from kue.connection.connection import Command, Connection
from kue.runtime import Runtime
from kue.store import scripts
from kue.store.worker_id import stem_of
from kue.worker.io.calls import Call

REASON = "the reply to its take was lost"
_PAGE_SIZE = 100  # jobs: about 0.4 ms of Redis
_LAST_PAGE_SIZE = 250  # for a process that ends, which has no time to rest
_SECONDS_BETWEEN_PAGES = 0.001  # of all processes together: more than half of the time Redis is there for others
_MAX_START_DELAY = 10  # rests
_RETRY_SECONDS = 30.0  # after Redis refused a page
_FIRST_PAGE = b"0"
_LOOKS = 2
_WITHOUT_CANCELLED = 2  # the length of a reply


@dataclass(eq=False)
class _Search:
    """The runs in doubt of one type, as pairs of first and last number, and how far the present look has come."""

    type: str
    runs: list[tuple[int, int]]
    looks: int = _LOOKS
    cursor: bytes = _FIRST_PAGE


class OrphanSearch:
    """For the I/O thread."""

    def __init__(self, runtime: Runtime, process: str, timers: TimerQueue) -> None:
        self._store = runtime.store
        self._runtime = runtime
        self._fleet = runtime.fleet
        self._lease = runtime.options.lease / 1000
        self._process = process
        self._timers = timers
        self._new: list[_Search] = []
        self._searches: list[_Search] = []
        self._due: list[_Search] = []
        self._refused: dict[str, _Search] = {}

    def cut_off(self, type: str, first: int, last: int, *, looks: int = _LOOKS) -> None:
        """The reply to a take of a type was lost: the jobs of these runs may be active."""
        new = next((search for search in self._new if search.type == type and search.looks == looks), None)
        if new is None:
            self._new.append(_Search(type, [(first, last)], looks))
        else:
            new.runs.append((first, last))

    def refused(self, type: str, first: int, last: int, *, again: bool) -> None:
        """Redis refused a take of a type, perhaps half-way. `again`: it refused the one before, too.

        Between two that follow each other no run of the type began, so that one search is enough for both.
        """
        search = self._refused.get(type) if again else None
        if search is None or search not in (*self._searches, *self._new):
            search = self._refused[type] = _Search(type, [(first, last)])
            self._new.append(search)
        else:
            search.runs = [(search.runs[0][0], last)]
            search.looks = _LOOKS

    def connected(self) -> None:
        """Begin every look anew: no cursor outlives a restart of Redis, or a change of the master."""
        for search in self._searches:
            search.cursor = _FIRST_PAGE

    def calls(self) -> list[Call]:
        """The pages to ask for now."""
        if self._new:
            self._begin()
        if not self._due:
            return []
        due, self._due = self._due, []
        return [_Page(self._command(search, _PAGE_SIZE), search, self._answered, self._dropped) for search in due]

    def finish(self, connection: Connection, is_given_up: Callable[[], bool]) -> None:
        """Look for all that is in doubt, without a rest. Raises what the connection raises if it breaks."""
        for search in [*self._searches, *self._new]:
            search.cursor = _FIRST_PAGE
            while not is_given_up():
                [reply] = scripts.run(connection, [self._command(search, _LAST_PAGE_SIZE)])
                if isinstance(reply, ResponseError):
                    break
                self._count(search, reply)
                search.cursor = reply[0]
                if search.cursor == _FIRST_PAGE:
                    break
        self._searches, self._new, self._due = [], [], []

    def _begin(self) -> None:
        for search in self._new:
            self._searches.append(search)
            self._later(search, self._rest() * random.uniform(0, _MAX_START_DELAY))
        self._new = []

    def _command(self, search: _Search, count: int) -> Command:
        store, stem = self._store, stem_of(self._process, search.type)
        return store.transitions.requeue_orphans(
            search.type, stem, search.runs, search.cursor, count, store.clock(), REASON
        )

    def _rest(self) -> float:
        return self._fleet.size * _SECONDS_BETWEEN_PAGES * random.uniform(0.5, 1.5)

    def _later(self, search: _Search, seconds: float) -> None:
        self._timers.add(seconds, lambda: self._due.append(search))

    def _answered(self, search: _Search, reply: Any) -> None:
        if isinstance(reply, ResponseError):
            search.cursor = _FIRST_PAGE
            self._later(search, _RETRY_SECONDS)
            return
        self._count(search, reply)
        search.cursor = reply[0]
        if search.cursor != _FIRST_PAGE:
            self._later(search, self._rest())
            return
        search.looks -= 1
        if search.looks:
            self._later(search, self._lease * random.uniform(1.0, 1.1))
        else:
            self._searches.remove(search)

    def _count(self, search: _Search, reply: Any) -> None:
        """Count the jobs that have failed since they were cancelled. No run of this process is counted for them."""
        if len(reply) > _WITHOUT_CANCELLED:
            self._runtime.counters.of(search.type).outcomes["cancelled"].extend([0] * reply[2])

    def _dropped(self, search: _Search) -> None:
        self._later(search, self._rest())


class _Page(Call):
    """Asks for one page of a look."""

    __slots__ = ("_dropped", "_found", "_search")

    def __init__(
        self,
        command: Command,
        search: _Search,
        found: Callable[[_Search, Any], None],
        dropped: Callable[[_Search], None],
    ) -> None:
        super().__init__(command)
        self._search = search
        self._found = found
        self._dropped = dropped

    def answered(self, reply: Any) -> None:
        self._found(self._search, reply)

    def dropped(self, *, sent: bool) -> None:
        self._dropped(self._search)
