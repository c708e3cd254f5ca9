"""Keeps from the watchers of a job what is about another job: one that has, or had, the same number.

- ignores a message about a job that was created at another time, and has the job's own hash read
- holds a message without that time, as Node sends it, if it would settle the watcher, until the hash was read
- reads what a message leaves out: data that is too large for it, and why JSON cannot hold a result
- reads at the end of a job what was sent before its watcher came
- keeps the messages of a watcher in order meanwhile

That a job is gone, only its hash says: a message `remove` settles nothing by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kue.common.error_reporter import ErrorReporter
from kue.events.resync import Resync
from kue.events.router import Router
from kue.events.subscriber import Subscriber
from kue.events.watcher import Outcome, Watcher
from kue.store import codec, invalid_result
from kue.store.identity import is_other, read_created_at
from kue.store.invalid_result import read_reason
from kue.store.messages import Message
from kue.store.store import Store

_Row = Mapping[str, bytes | None]
_ASK_AGAIN_SECONDS = 1.0
_SENT = "py_sent"


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
        if _fields_needed(watcher, message):
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
            query = self._query()
            self._answered(query, self._look(query), again=False)

    def _settles(self, watcher: Watcher, message: Message) -> bool:
        if message.event == "remove" and watcher.must_settle:
            self._resync.ask([message.id], announced=True)
            return False
        return True

    def _ask(self) -> None:
        if self._held and not self._is_asking:
            self._is_asking = True
            query = self._query()
            self._subscriber.fetch(lambda: self._look(query), lambda answer: self._answered(query, answer))

    def _query(self) -> _Query:
        query = _Query()
        for watcher, messages in self._held.items():
            query.add(messages[0].id, watcher, messages)
        return query

    def _look(self, query: _Query) -> _Answer:
        """Read the fields. Not on the subscriber's thread, since it may block."""
        try:
            return _Answer(self._store.named_fields(query.fields))
        except Exception as problem:
            return _Answer((), problem)

    def _answered(self, query: _Query, answer: _Answer, *, again: bool = True) -> None:
        if answer.problem is not None:
            self._error_reporter.failed("screening", answer.problem)
            if again:
                self._subscriber.call_later(_ASK_AGAIN_SECONDS, self._ask_again)
            return
        self._error_reporter.outage_ended("screening")
        try:
            for (id, watchers), row in zip(query.watchers.items(), answer.rows, strict=True):
                for watcher, count in watchers:
                    self._release(id, watcher, count, row)
        finally:
            if again:
                self._ask_again()

    def _ask_again(self) -> None:
        self._is_asking = False
        self._ask()

    def _release(self, id: int, watcher: Watcher, count: int, row: _Row) -> None:
        messages = self._held.pop(watcher)
        is_own = not is_other(read_created_at(row["created_at"]), watcher.created_at)
        for message in messages[:count]:
            if message.created_at is None and not is_own:
                self._resync.ask([id])
            elif self._settles(watcher, message):
                self._pass_on(watcher, message, row if is_own else {})
        for message in messages[count:]:
            if self.admits(watcher, message):
                self._router.deliver(watcher, message)

    def _pass_on(self, watcher: Watcher, message: Message, row: _Row) -> None:
        if _may_have_missed(watcher, message) and (sent := row.get(_SENT)) is not None:
            if self._router.unwatch(message.id, watcher):
                watcher.on_outcome(Outcome(message.event, sent=(codec.decode_or_text(sent),)))
            return
        if missing := message.missing_field:
            if row.get(missing) is None and watcher.must_settle:
                self._resync.ask([message.id])  # the job is gone, or was set to run again
                return
            message = message.completed(row.get(missing))
        if not _must_say_why(watcher, message):
            self._router.deliver(watcher, message)
        elif self._router.unwatch(message.id, watcher):
            reason = read_reason(row.get(invalid_result.FIELD), row.get("result")) or invalid_result.UNKNOWN
            watcher.on_outcome(Outcome("complete", message.args[0], invalid=reason))


class _Query:
    """The watchers for which messages are held, by job, and the fields to read.

    It has the number of messages of each watcher: what comes later waits for the next query.
    """

    def __init__(self) -> None:
        self.watchers: dict[int, list[tuple[Watcher, int]]] = {}
        self.fields: dict[int, dict[str, None]] = {}

    def add(self, id: int, watcher: Watcher, messages: Sequence[Message]) -> None:
        self.watchers.setdefault(id, []).append((watcher, len(messages)))
        names = self.fields.setdefault(id, {"created_at": None})
        for message in messages:
            names.update(dict.fromkeys(_fields_needed(watcher, message)))


@dataclass(frozen=True, slots=True)
class _Answer:
    """The reply to a query, with the fields of each job; or the problem."""

    rows: Sequence[_Row]
    problem: Exception | None = None


def _fields_needed(watcher: Watcher, message: Message) -> tuple[str, ...]:
    """What must be read before the watcher may have a message; nothing if it may have it at once."""
    needed = (_SENT,) if _may_have_missed(watcher, message) else ()
    if missing := message.missing_field:
        needed = (*needed, missing)
    elif _must_say_why(watcher, message):
        needed = (*needed, "result", invalid_result.FIELD)
    is_doubtful = message.created_at is None and watcher.created_at is not None and message.event in watcher.settled_by
    return ("created_at", *needed) if needed or is_doubtful else ()


def _may_have_missed(watcher: Watcher, message: Message) -> bool:
    """Whether a message ends a job of which the watcher may have missed the `result` that counts."""
    return message.event in ("complete", "failed") and watcher.must_settle and watcher.may_have_missed


def _must_say_why(watcher: Watcher, message: Message) -> bool:
    return message.invalid and message.event == "complete" and watcher.must_settle
