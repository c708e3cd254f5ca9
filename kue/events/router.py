"""Passes each message to the watchers of its job and to the listeners of the queue.

While the reply to a save is under way, the ids of new jobs are not known. Their events are held until they are.
"""

from __future__ import annotations

import bisect
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from kue.events.watcher import Watcher
from kue.store.messages import Message, decode_message, peek


class Screen(Protocol):
    """Decides which messages reach a watcher. `kue.events.screening` has the class."""

    def admits(self, watcher: Watcher, message: Message) -> bool:
        """Whether the watcher may have a message now."""
        ...

    def holds(self, watcher: Watcher) -> bool:
        """Whether messages for a watcher are held."""
        ...


class Router:
    """The watchers by job. `on_message` and `replay` are for the subscriber's thread, the rest is for any thread."""

    def __init__(
        self,
        queue_wants: Callable[[str], bool],
        queue_emit: Callable[..., Any],
        queue_emit_cut: Callable[[str, Message], Any] | None = None,
    ) -> None:
        """`queue_emit_cut` is called with a message that leaves out data, which the hash has."""
        self._queue_wants = queue_wants
        self._queue_emit = queue_emit
        self._queue_emit_cut = queue_emit_cut
        self.after_fork()
        self._watchers: dict[int, list[Watcher]] = {}
        self._newest = 0
        self._floors: list[int] = []  # for each save under way, the id above which events are held; the lowest first
        self._held: list[Message] = []
        self._replay: deque[tuple[Watcher, Message]] = deque()
        self._collected: dict[str, set[int]] = {}
        self.screen: Screen | None = None

    def after_fork(self) -> None:
        """In a forked child: a thread of the parent may have held the lock."""
        self._lock = threading.RLock()

    def watch(self, id: int, watcher: Watcher) -> None:
        """Pass the events of a job to a watcher: those from now on, and those held since its save began."""
        with self._lock:
            self._watchers.setdefault(id, []).append(watcher)
            self._newest = max(self._newest, id)
            due = [message for message in self._held if message.id == id and watcher.wants(message.event)]
            self._replay.extend((watcher, message) for message in due)

    def unwatch(self, id: int, watcher: Watcher) -> bool:
        """Remove a watcher; False if it was removed before."""
        with self._lock:
            watchers = self._watchers.get(id, [])
            if watcher not in watchers:
                return False
            watchers.remove(watcher)
            if not watchers:
                del self._watchers[id]
            return True

    def collect(self, event: str) -> set[int]:
        """Note the ids of all jobs that an event is received of, until `stop_collecting`."""
        ids = self._collected[event] = set()
        return ids

    def stop_collecting(self, event: str) -> None:
        """Note no more ids for an event."""
        self._collected.pop(event, None)

    @contextlib.contextmanager
    def saving(self, may_exist: bool = False) -> Iterator[None]:
        """A block around a save: hold the events of ids that are newer than those known when it began.

        With `may_exist` the save may find any older job, so that the events of all are held.
        """
        with self._lock:
            floor = 0 if may_exist else self._newest
            bisect.insort(self._floors, floor)
        try:
            yield
        finally:
            with self._lock:
                self._floors.remove(floor)
                if not self._floors:
                    self._held.clear()
                elif self._floors[0] > floor:
                    self._held = [message for message in self._held if message.id > self._floors[0]]

    def watched(self, *, must_settle: bool) -> list[int]:
        """The ids of watched jobs: all, or those with a watcher that must learn the outcome."""
        with self._lock:
            return [
                id for id, watchers in self._watchers.items() if not must_settle or any(w.must_settle for w in watchers)
            ]

    def watchers(self, id: int) -> list[Watcher]:
        """The watchers of a job."""
        with self._lock:
            return list(self._watchers.get(id, ()))

    def on_message(self, raw: bytes) -> None:
        """Route one message from the channel."""
        head = peek(raw)
        if head is not None and not self._wanted(*head):
            return
        message = decode_message(raw)
        if message is None:
            return
        with self._lock:
            if self._floors and message.id > self._floors[0]:
                self._held.append(message)
            due = [watcher for watcher in self._watchers.get(message.id, ()) if watcher.wants(message.event)]
            self._replay.extend((watcher, message) for watcher in due)
        self.replay()
        if (ids := self._collected.get(message.event)) is not None:
            ids.add(message.id)
        name = "job " + message.event
        if self._queue_wants(name):
            if message.missing_field and self._queue_emit_cut is not None:
                self._queue_emit_cut(name, message)
            else:
                self._queue_emit(name, message.id, *message.args)

    def replay(self) -> None:
        """Deliver messages that wait for delivery to their watchers."""
        while self._replay:
            with self._lock:
                due = list(self._replay)
                self._replay.clear()
            for watcher, message in due:
                if self._is_watching(message.id, watcher) and self._admits(watcher, message):
                    self._pass_on(watcher, message)

    def deliver(self, watcher: Watcher, message: Message) -> None:
        """Pass a message to a watcher, unless it was removed meanwhile."""
        if self._is_watching(message.id, watcher):
            self._pass_on(watcher, message)

    def _pass_on(self, watcher: Watcher, message: Message) -> None:
        if watcher.on_event(message.event, message.args):
            self.unwatch(message.id, watcher)

    def _admits(self, watcher: Watcher, message: Message) -> bool:
        return self.screen is None or self.screen.admits(watcher, message)

    def is_held_up(self, watcher: Watcher) -> bool:
        """Whether messages for a watcher are held, so that it may still be settled by one."""
        return self.screen is not None and self.screen.holds(watcher)

    @property
    def has_replay(self) -> bool:
        """Whether messages wait for delivery."""
        return bool(self._replay)

    def _is_watching(self, id: int, watcher: Watcher) -> bool:
        return watcher in self._watchers.get(id, ())

    def _wanted(self, id: int, event: str) -> bool:
        if self._replay or self._floors:
            return True
        if id in self._watchers and any(watcher.wants(event) for watcher in self.watchers(id)):
            return True
        return event in self._collected or self._queue_wants("job " + event)
