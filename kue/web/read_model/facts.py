"""What is known of a whole queue, each part of which is read again only when it has become too old.

Each reader reads counts itself, in a shared round trip (`overview`). All else changes more slowly or costs more, and is
kept here for some seconds for all apps of the queue.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from kue.common.forks import forks
from kue.errors import RedisRefused
from kue.options.values import parse_number
from kue.stats.processes import Process, read_processes
from kue.store import codec
from kue.store.live import LiveCommands, ServerFacts, server_facts
from kue.store.pages import Pages
from kue.store.stats import RESOLUTIONS, StatsCommands, StatsReader
from kue.store.store import Store
from kue.store.worker_id import process_of
from kue.web.read_model.failures import Group, groups
from kue.web.read_model.history import History, Range, TypePast, read_history, read_pasts

T = TypeVar("T")
MAX_TYPES = 200
"""So many types are shown by themselves; the others are in the counts of all types."""
RATE_MINUTES = 5
_HOUR_SLOTS = 6  # of ten minutes; the last of them is still running
_MAX_LATE_SCHEDULES = 20
_MAX_ACTIVE = 1000  # whose workers are looked at
_WHOLE = re.compile(rb"-?[0-9]{1,15}")
_WAITS_SECONDS, _PROCESSES_SECONDS, _STATS_SECONDS, _SLOW_SECONDS = 2.0, 5.0, 10.0, 30.0


class Lately(NamedTuple):
    """What Python processes did with jobs of a type lately.

    `per_minute` is how many completed a minute, in the last five full ones. `completed` and `failed` are those of the
    last 50 to 60 minutes.
    """

    per_minute: float = 0.0
    completed: int = 0
    failed: int = 0


class Facts:
    """For any thread. Every method may raise `ConnectionFailed`, or `RedisRefused` for a while.

    `clock` gives seconds that never go back. `last_figures` are the counts that were read last, and when (ms).
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._stats = StatsReader(store)
        self._clock = clock
        self._waits = StatsCommands(store.keys)
        self.commands = LiveCommands(store.keys)
        self.forget()

    def forget(self) -> None:
        """Read everything anew from now on."""
        self._forks = forks.count
        self._lock = threading.RLock()
        self._kept: dict[object, tuple[float, Any]] = {}
        self.last_figures: tuple[int, Mapping[str, Any]] | None = None

    def now(self) -> int:
        """The time in ms since the epoch, as Redis has it."""
        return self._store.now()

    def waiting_since(self, types: Sequence[str]) -> list[int | None]:
        """When the job of each type that waits longest was due, in ms; None if none waits. "" stands for all types."""

        def read() -> list[int | None]:
            replies = self._store.ask([self._waits.oldest_wait(type or None) for type in types])
            return [int(reply[1]) if isinstance(reply, list) and reply[1] else None for reply in replies]

        return self.recent(("waits", *types), _WAITS_SECONDS, read)

    def processes(self) -> list[Process] | None:
        """The Python processes; None if they cannot be read."""
        none: list[Process] | None = None
        return self.recent("processes", _PROCESSES_SECONDS, lambda: read_processes(self._stats, self.now()), none)

    def is_abandoned(self, type: str) -> bool:
        """Whether all active jobs of a type are of Python processes that were lost. False if there are very many."""

        def read() -> bool:
            ids = self._store.ids(0, _MAX_ACTIVE, "active", type)
            lost = {one.id for one in self.processes() or () if one.lost is not None}
            workers = [worker for (worker,) in self._store.fields(ids, ("workerId",))]
            return len(ids) <= _MAX_ACTIVE and all(process_of(codec.text(worker or b"")) in lost for worker in workers)

        return self.recent(("abandoned", type), _PROCESSES_SECONDS, read, False)

    def lately(self, types: Sequence[str]) -> dict[str, Lately]:
        """What happened lately to the jobs of some types; `*` stands for all types together."""
        return self.recent(("lately", *types), _STATS_SECONDS, lambda: self._read_lately(types), {})

    def history(self, type: str, range: Range) -> History | None:
        """What happened to the jobs of a type over time; `*` stands for all types together. None if it is not known."""
        none: History | None = None
        return self.recent(
            ("history", type, range.words),
            _STATS_SECONDS,
            lambda: read_history(self._stats, type, range, self.now()),
            none,
        )

    def pasts(self, types: Sequence[str]) -> dict[str, TypePast]:
        """What happened lately to the jobs of some types, minute by minute."""
        return self.recent(("pasts", *types), _STATS_SECONDS, lambda: read_pasts(self._stats, types, self.now()), {})

    def late_schedules(self, ms: int) -> dict[str, int]:
        """Schedules that were due more than so many ms ago, with when that was."""

        def read() -> dict[str, int]:
            command = self.commands.late_schedules(self.now() - ms, _MAX_LATE_SCHEDULES)
            flat = self._store.connections.call(*command)
            found = {codec.text(name): moment(due) for name, due in zip(flat[::2], flat[1::2], strict=True)}
            return {name: due for name, due in found.items() if due is not None}

        return self.recent(("schedules", ms), _STATS_SECONDS, read, {})

    def failures(self, failed: int | None = None) -> list[Group]:
        """The newest failed jobs, grouped by what went wrong, the largest group first.

        If it is known how many have `failed`, they are read anew as soon as that has changed.
        """
        nothing: tuple[list[Group], int, int] = ([], 0, 0)

        def read() -> tuple[list[Group], int, int]:
            return groups(Pages(self._store))

        found, _, total = self.recent("failures", _SLOW_SECONDS, read, nothing)
        if failed is None or failed == total:
            return found
        return self.recent(("failures", failed), _SLOW_SECONDS, read, nothing)[0]

    def server(self) -> ServerFacts:
        """What the server says of itself."""
        return self.recent(
            "server", _SLOW_SECONDS, lambda: server_facts(self._store.ask(self.commands.server())), ServerFacts()
        )

    def _read_lately(self, types: Sequence[str]) -> dict[str, Lately]:
        minute, ten, _ = RESOLUTIONS
        now = self.now() // 1000
        running = now - now % minute.length
        minutes = range(running - RATE_MINUTES * minute.length, running, minute.length)
        last = now - now % ten.length
        tens = range(last - (_HOUR_SLOTS - 1) * ten.length, last + 1, ten.length)
        names = "completed", "failed"
        slots = [(minute.name, start) for start in minutes] + [(ten.name, start) for start in tens]
        commands = [self.commands.counted(slot, start, type, names) for type in types for slot, start in slots]
        replies = iter(self._store.ask(commands))
        found = {}
        for type in types:
            counted = [_numbers(next(replies)) for _ in slots]
            rate = sum(completed for completed, _ in counted[: len(minutes)]) / RATE_MINUTES
            sums = [sum(column) for column in zip(*counted[len(minutes) :], strict=True)]
            found[type] = Lately(max(0.0, rate), *(max(0, number) for number in sums))
        return found

    def recent(self, name: object, seconds: float, read: Callable[[], T], *otherwise: T) -> T:
        """What was read in the last seconds, or is read now; `otherwise` if a key has the wrong kind."""
        if self._forks != forks.count:
            self.forget()  # another thread of the parent process may have held the lock
        with self._lock:
            at, kept = self._kept.get(name, (0.0, None))
            if name in self._kept and self._clock() - at < seconds:
                found: T = kept
                return found
            found = or_else(otherwise[0], read) if otherwise else read()
            self._kept = {key: one for key, one in self._kept.items() if self._clock() - one[0] < _SLOW_SECONDS}
            self._kept[name] = self._clock(), found
            return found


def _numbers(reply: Any) -> list[int]:
    """Two counters. What is no number, or in a key of another kind, counts nothing."""
    if not isinstance(reply, list):
        return [0, 0]
    return [int(number) if number and _WHOLE.fullmatch(number) else 0 for number in reply]


def moment(score: bytes) -> int | None:
    """A score as ms since the epoch; None if it is infinite."""
    number = parse_number(score)
    return None if number is None else int(number)


def or_else(otherwise: T, read: Callable[[], T]) -> T:
    """What is read; something else if a key has the wrong kind."""
    try:
        return read()
    except RedisRefused as refused:
        if refused.transient:
            raise
        return otherwise
