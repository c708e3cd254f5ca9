"""The pulse of a process that works: a round trip every second or so, for what its parts have to send and to ask.

- asks each part what it has to send, and passes it the replies
- beats sooner if a part is due sooner, or if it is asked to
- reports a failure once, and its end

It has a thread of its own, so that no handler delays it, unless one holds the GIL.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Protocol

from kue.common.error_reporter import ErrorReporter
from kue.common.flag import Flag
from kue.connection.connection import Command
from kue.errors import KueError, ShutdownInProgress
from kue.store.store import Store

_TOGETHER_SECONDS = 0.25  # a part that is due so soon has its turn in the same round trip
_MIN_SLEEP_SECONDS = 0.01  # so that a part that stays due keeps no processor busy
_MAX_SLEEP_SECONDS = 60.0


class Part(Protocol):
    """Something that rides with the pulse. Only the thread of the pulse calls it.

    After `commands` and `missed` it must not be due at once again.
    """

    name: str
    """What reports of its failures call it."""

    @property
    def due_in(self) -> float:
        """Seconds until it has something to send."""
        ...

    def commands(self) -> Sequence[Command]:
        """What to send now. If that is nothing, neither `answered` nor `missed` follows."""
        ...

    def answered(self, replies: Sequence[Any]) -> None:
        """The replies to these commands. The reply to a refused one is a `ResponseError`.

        If this raises, `missed` follows.
        """
        ...

    def missed(self, *, sent: bool) -> None:
        """The commands have no replies, or none of use. If they were `sent`, Redis may have carried them out."""
        ...

    def stopped(self) -> None:
        """The pulse ends. Redis may be called once more."""
        ...


class Pulse:
    """Beats from `start` to `stop`."""

    def __init__(self, store: Store, parts: Sequence[Part], error_reporter: ErrorReporter) -> None:
        self._store = store
        self._parts = parts
        self._error_reporter = error_reporter
        self._stopping = False
        self._wakeup = Flag()
        self._thread = threading.Thread(target=self._run, name="kue-pulse", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def beat_soon(self) -> None:
        """Beat now, since a part is due."""
        self._wakeup.set()

    def stop(self, timeout: float = 5.0) -> None:
        """End the pulse, and wait for that at most `timeout` seconds."""
        self._stopping = True
        self._wakeup.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping:
            self._beat()
            if self._wakeup.wait(self._sleep_seconds()) and not self._stopping:
                self._wakeup.clear()
        for part in self._parts:
            try:
                part.stopped()
            except Exception as problem:
                self._report(part.name, problem)

    def _sleep_seconds(self) -> float:
        due_in = min((part.due_in for part in self._parts), default=_MAX_SLEEP_SECONDS)
        return min(max(due_in, _MIN_SLEEP_SECONDS), _MAX_SLEEP_SECONDS)

    def _beat(self) -> None:
        due: list[tuple[Part, Sequence[Command]]] = []
        for part in self._parts:
            if part.due_in <= _TOGETHER_SECONDS:
                try:
                    own = part.commands()
                except Exception as problem:
                    self._report(part.name, problem)
                    self._missed(part, sent=False)
                else:
                    due += [(part, own)] if own else []
        if not due:
            return
        try:
            replies = self._store.ask([command for _, own in due for command in own])
        except Exception as problem:
            self._report("pulse", problem)
            sent = getattr(problem, "sent", not isinstance(problem, KueError))
            for part, _ in due:
                self._missed(part, sent=sent)
            return
        self._error_reporter.outage_ended("pulse")
        start = 0
        for part, own in due:
            try:
                part.answered(replies[start : start + len(own)])
                self._error_reporter.outage_ended(part.name)
            except Exception as problem:
                self._report(part.name, problem)
                self._missed(part, sent=True)
            start += len(own)

    def _missed(self, part: Part, *, sent: bool) -> None:
        try:
            part.missed(sent=sent)
        except Exception as problem:
            self._report(part.name, problem)

    def _report(self, name: str, problem: Exception) -> None:
        if not isinstance(problem, ShutdownInProgress):  # the queue stopped waiting for Redis, and says so itself
            self._error_reporter.failed(name, problem)
