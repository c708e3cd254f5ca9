"""Keeps from the watchers of a job what is about another job: one that has, or had, the same number.

- ignores a message about a job that was created at another time, and has the job's own hash read
- holds a message without that time, as Node sends it, if it would settle the watcher, until the hash was read
- keeps the messages of a watcher in order meanwhile

That a job is gone, only its hash says: a message `remove` settles nothing by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kue.common.error_reporter import ErrorReporter
from kue.errors import KueError
from kue.events.resync import Resync
from kue.events.router import Router
from kue.events.subscriber import Subscriber
from kue.events.watcher import Watcher
from kue.store.identity import is_other, read_created_at
from kue.store.messages import Message
from kue.store.store import Store

_ASK_AGAIN_SECONDS = 1.0


class Screening:
    """For the subscriber's thread."""

    def __init__(
        self, store: Store, router: Router, resync: Resync, subscriber: Subscriber, error_reporter: ErrorReporter
    ) -> None:
        self._store = store
        self._router = router
        self._resync = resync
        self._subscriber = subscriber
        self._error_reporter = error_reporter
        self._held: dict[Watcher, list[Message]] = {}
        self._is_asking = False

    def admits(self, watcher: Watcher, message: Message) -> bool:
        """Whether the watcher may have the message now. If not, it gets it later, or never."""
        if is_other(message.created_at, watcher.created_at):
            self._resync.ask([message.id])
            return False
        if watcher in self._held:
            self._held[watcher].append(message)
            return False
        if _is_doubtful(watcher, message):
            self._held[watcher] = [message]
            self._ask()
            return False
        return self._settles(watcher, message)

    def holds(self, watcher: Watcher) -> bool:
        """Whether messages for a watcher wait for a look at the hash of its job."""
        return watcher in self._held

    def finish(self) -> None:
        """Before the end of the subscription: decide about the messages that are held, with one last query."""
        if self._held:
            asked = self._asked()
            self._answered(asked, self._look(list(asked)), again=False)

    def _settles(self, watcher: Watcher, message: Message) -> bool:
        if message.event == "remove" and watcher.must_settle:
            self._resync.ask([message.id], announced=True)
            return False
        return True

    def _ask(self) -> None:
        if self._held and not self._is_asking:
            self._is_asking = True
            asked = self._asked()
            self._subscriber.fetch(lambda: self._look(list(asked)), lambda answer: self._answered(asked, answer))

    def _asked(self) -> dict[int, list[tuple[Watcher, int]]]:
        """The watchers that have messages, by job, and how many: what comes after the query waits for the next."""
        asked: dict[int, list[tuple[Watcher, int]]] = {}
        for watcher, messages in self._held.items():
            asked.setdefault(messages[0].id, []).append((watcher, len(messages)))
        return asked

    def _look(self, ids: Sequence[int]) -> _Answer:
        """Read when the jobs were created. Not on the subscriber's thread, since it may block."""
        try:
            return _Answer([read_created_at(value) for [value] in self._store.fields(ids, ("created_at",))])
        except Exception as problem:
            return _Answer((), problem)

    def _answered(self, asked: dict[int, list[tuple[Watcher, int]]], answer: _Answer, *, again: bool = True) -> None:
        if answer.problem is not None:
            self._report(answer.problem)
            if again:
                self._subscriber.call_later(_ASK_AGAIN_SECONDS, self._ask_again)
            return
        self._error_reporter.outage_ended("screening")
        try:
            for (id, watchers), created_at in zip(asked.items(), answer.created_at, strict=True):
                for watcher, count in watchers:
                    self._release(id, watcher, count, created_at)
        finally:
            if again:
                self._ask_again()

    def _ask_again(self) -> None:
        self._is_asking = False
        self._ask()

    def _release(self, id: int, watcher: Watcher, count: int, created_at: int | None) -> None:
        messages = self._held.pop(watcher)
        for message in messages[:count]:
            if message.created_at is None and is_other(created_at, watcher.created_at):
                self._resync.ask([id])
            elif self._settles(watcher, message):
                self._router.deliver(watcher, message)
        for message in messages[count:]:
            if self.admits(watcher, message):
                self._router.deliver(watcher, message)

    def _report(self, problem: Exception) -> None:
        if isinstance(problem, KueError):
            self._error_reporter.outage_began("screening", problem)
        else:
            self._error_reporter.unexpected("screening", problem)


@dataclass(frozen=True, slots=True)
class _Answer:
    """The reply to one query: when each job was created, None if its hash does not say so; or the problem."""

    created_at: Sequence[int | None]
    problem: Exception | None = None


def _is_doubtful(watcher: Watcher, message: Message) -> bool:
    return message.created_at is None and watcher.created_at is not None and message.event in watcher.settled_by
