"""Counts what happens to jobs in this process, and adds it to Redis about once a second.

- has a `TypeCounts` for each type, to which any thread adds
- makes the commands that add them in Redis, for the pulse, or for a save if no pulse beats
- keeps what Redis did not take, and drops what it may have taken: nothing counts twice
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from redis.exceptions import ResponseError

from kue.common.backoff import Backoff
from kue.common.error_reporter import ErrorReporter
from kue.connection.connection import Command
from kue.connection.pool import refusal
from kue.errors import KueError
from kue.options.values import ALL_TYPES
from kue.stats.names import Names
from kue.stats.type_counts import MAX, TypeCounts
from kue.store.stats import HOURS, MINUTE_SECONDS, StatsCommands
from kue.store.store import Store

_FLUSH_EVERY_SECONDS = 1.0
_TYPES_PER_COMMAND = 5  # a millisecond of Redis or so
_MAX_PENDING_MINUTES = 10  # that Redis has not taken; older ones are dropped
_MAX_TYPES = 1000  # beyond that, types that are not seen any more are forgotten
_MAX_IDLE_FLUSHES = 60
_MAX_ANSWER_SECONDS = 60.0  # then an exception of a signal handler has cut off the thread that waited
_NEVER_SECONDS = 1e9

_Counted = dict[str, Counter[str]]  # of each type


class Counters:
    """For any thread. With `counts` false it counts nothing. It is a part of the pulse, and rides with saves."""

    name = "counters"

    def __init__(
        self, store: Store, error_reporter: ErrorReporter, counts: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._commands = StatsCommands(store.keys)
        self._error_reporter = error_reporter
        self.counts = counts
        self._clock = clock
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: the parent flushes what it has counted."""
        self._lock = threading.RLock()
        self._types: dict[str, TypeCounts] = {}
        self._nothing = TypeCounts(counts=False)
        self._pending: dict[int, _Counted] = {}  # by minute
        self._sent: list[tuple[int, _Counted]] = []  # by minute, some types in each
        self._sent_until = 0.0
        self._names = Names()
        self._backoff = Backoff()
        self.due_at = self._clock() + _FLUSH_EVERY_SECONDS if self.counts else _NEVER_SECONDS

    def of(self, type: str, *, keep: bool = False) -> TypeCounts:
        """Where to add what happens to jobs of a type. A caller that stores it must `keep` it."""
        counts = self._types.get(type)
        if counts is None:
            if not self.counts:
                return self._nothing
            counts = self._types.setdefault(type, TypeCounts())
        if keep:
            counts.is_kept = True
        return counts

    # what the pulse and saves ask

    @property
    def due_in(self) -> float:
        return self.due_at - self._clock()

    def commands(self) -> Sequence[Command]:
        with self._lock:
            self.due_at = self._clock() + _FLUSH_EVERY_SECONDS if self.counts else _NEVER_SECONDS
            self._collect()
            if (self._sent and self._clock() < self._sent_until) or not self._pending:
                return ()
            self._sent_until = self._clock() + _MAX_ANSWER_SECONDS
            self._sent = sent = [
                (minute, part) for minute, counted in self._pending.items() for part in _parts(counted)
            ]
            self._pending = {}
        return [self._command(minute, counted) for minute, counted in sent]

    def answered(self, replies: Sequence[Any]) -> None:
        problem = None
        with self._lock:
            sent, self._sent = self._sent, []
            self._backoff.reset()
            for (minute, counted), reply in zip(sent, replies, strict=False):
                if isinstance(reply, ResponseError):
                    problem = refusal(reply)
                    if problem.transient:
                        self._keep(minute, counted)
        if problem is None:
            self._error_reporter.outage_ended("stats")
        elif not problem.transient:  # a save or a take reports that Redis takes no writes for a while
            self._error_reporter.failed("stats", problem)

    def missed(self, *, sent: bool) -> None:
        with self._lock:
            lost, self._sent = self._sent, []
            self.due_at = self._clock() + max(_FLUSH_EVERY_SECONDS, self._backoff.next())
            if not sent:
                for minute, counted in lost:
                    self._keep(minute, counted)

    def stopped(self) -> None:
        self.flush()

    def flush(self) -> None:
        """Add now what was counted. If Redis does not answer, that is lost."""
        commands = self.commands()
        if not commands:
            return
        try:
            replies = self._store.ask(commands)
        except KueError as problem:
            self.missed(sent=getattr(problem, "sent", False))
        except BaseException:
            self.missed(sent=True)
            raise
        else:
            self.answered(replies)

    def flush_within(self, seconds: float) -> None:
        """The same, for at most so many seconds."""
        if not self.counts:
            return
        thread = threading.Thread(target=self.flush, name="kue-flush", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # at the end of the process, Python starts no more threads
            self.flush()
        else:
            thread.join(seconds)

    # what was counted

    def _collect(self) -> None:
        counted = _Counted()
        for type, counts in list(self._types.items()):
            if found := counts.drain():
                counts.idle_flushes = 0
                counted[type] = Counter(found)
            else:
                counts.idle_flushes += 1
                if not counts.is_kept and counts.idle_flushes > _MAX_IDLE_FLUSHES and len(self._types) > _MAX_TYPES:
                    del self._types[type]
        if counted:
            now = self._store.clock() // 1000
            hour = now - now % HOURS.length
            named = self._names.choose(hour, counted)
            every: Counter[str] = Counter()
            for counters in counted.values():
                _merge(every, counters)
            kept = {type: counters for type, counters in counted.items() if type in named}
            self._keep(now - now % MINUTE_SECONDS, {**kept, ALL_TYPES: every})

    def _keep(self, minute: int, counted: Mapping[str, Counter[str]]) -> None:
        pending = self._pending.setdefault(minute, {})
        for type, counters in counted.items():
            _merge(pending.setdefault(type, Counter()), counters)
        while len(self._pending) > _MAX_PENDING_MINUTES:
            del self._pending[min(self._pending)]

    def _command(self, minute: int, counted: _Counted) -> Command:
        types = {}
        for type, counters in counted.items():
            added = dict(counters)
            types[type] = (added.pop(MAX, 0), added)
        return self._commands.flush_stats(minute, types)


def _merge(into: Counter[str], counters: Mapping[str, int]) -> None:
    longest = max(into[MAX], counters.get(MAX, 0))
    for name, number in counters.items():
        into[name] += number
    if longest:
        into[MAX] = longest
    else:
        into.pop(MAX, None)


def _parts(counted: _Counted) -> Iterator[_Counted]:
    """The same in parts, so that no command keeps Redis from others for long."""
    types = list(counted)
    for start in range(0, len(types), _TYPES_PER_COMMAND):
        yield {type: counted[type] for type in types[start : start + _TYPES_PER_COMMAND]}
