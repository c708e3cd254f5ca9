"""Reads the outcomes of watched jobs from Redis, for watchers that may have missed the event.

- asks after a reconnect, every ten seconds for watchers that must learn the outcome, and on demand
- sends one query at a time, for all jobs that were asked for since the last
- takes a job for failed only if it still is a second later, since Node passes through `failed` before the next attempt
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kue.common.error_reporter import ErrorReporter
from kue.errors import KueError
from kue.events.router import Router
from kue.events.subscriber import Subscriber
from kue.events.watcher import Outcome, Watcher
from kue.store import codec, stored_error
from kue.store.store import Store

CHECK_EVERY_SECONDS = 10.0
CHECK_AGAIN_SECONDS = 1.0
_END_STATES = ("complete", "failed", "removed")


class Resync:
    """Settles watchers from the stored state of their jobs, on the subscriber's thread."""

    def __init__(
        self,
        store: Store,
        router: Router,
        subscriber: Callable[[], Subscriber],
        error_reporter: ErrorReporter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._router = router
        self._subscriber = subscriber
        self._error_reporter = error_reporter
        self._clock = clock
        self._failed_since: dict[int, float] = {}
        self._is_scheduled = False
        self._unasked: dict[int, None] = {}
        self._is_asking = False
        self._will_retry = False

    def keep_asking(self) -> None:
        """Ask every ten seconds while there are watchers that must learn the outcome."""
        if not self._is_scheduled:
            self._is_scheduled = True
            self._subscriber().call_later(CHECK_EVERY_SECONDS, self._round)

    def _round(self) -> None:
        self._is_scheduled = False
        ids = self._router.watched(must_settle=True)
        if ids:
            self.ask(ids)
            self.keep_asking()

    def ask_all(self) -> None:
        """After a reconnect: ask about all watched jobs, since the event of any may have been missed."""
        self.ask(self._router.watched(must_settle=False))

    def ask(self, ids: Iterable[int]) -> None:
        """Query jobs, and settle the watchers of those that have ended."""
        self._unasked.update(dict.fromkeys(ids))
        if self._unasked and not self._is_asking:
            self._is_asking = True
            # A watcher that is added after the query may wait for a later run, so the answer does not settle it.
            asked = {id: self._router.watchers(id) for id in self._unasked}
            self._unasked.clear()
            self._subscriber().fetch(lambda: self._query(list(asked)), lambda answer: self._answered(asked, answer))

    def _query(self, ids: Sequence[int]) -> Answer:
        """Send the query. Not on the subscriber's thread, since it may block."""
        began = self._clock()
        try:
            rows = self._store.fields(ids, ("type", "state", "result", "error", "py_sent", stored_error.FIELD))
        except Exception as problem:
            return Answer(began, self._clock(), problem=problem)
        return Answer(began, self._clock(), rows)

    def _answered(self, asked: dict[int, list[Watcher]], answer: Answer) -> None:
        self._is_asking = False
        if answer.problem is None:
            self._error_reporter.outage_ended("resync")
            self.ask(())
            self._settle_all(asked, answer)
            return
        if isinstance(answer.problem, KueError):
            self._error_reporter.outage_began("resync", answer.problem)
        else:
            self._error_reporter.unexpected("resync", answer.problem)
        self._unasked.update(dict.fromkeys(asked))
        if not self._will_retry:
            self._will_retry = True
            self._subscriber().call_later(CHECK_AGAIN_SECONDS, self._retry)

    def _retry(self) -> None:
        self._will_retry = False
        self.ask(())

    def _settle_all(self, asked: dict[int, list[Watcher]], answer: Answer) -> None:
        unsure = []
        for (id, watchers), row in zip(asked.items(), answer.rows, strict=True):
            state = "removed" if row[0] is None else codec.text(row[1] or b"")
            if state == "failed":
                since = self._failed_since.setdefault(id, answer.ended)
                if answer.began - since < CHECK_AGAIN_SECONDS:
                    unsure.append(id)
                    continue
            self._failed_since.pop(id, None)
            if state in _END_STATES or row[4] is not None:
                sent = () if row[4] is None else (_json(row[4]),)
                self._settle(id, watchers, Outcome(state, _json(row[2]), _text(row[3]), sent, row[5]))
        if unsure:
            self._subscriber().call_later(CHECK_AGAIN_SECONDS, lambda: self.ask(unsure))

    def _settle(self, id: int, watchers: list[Watcher], outcome: Outcome) -> None:
        over = outcome.state in _END_STATES
        for watcher in watchers:
            if (over or watcher.must_settle) and self._router.unwatch(id, watcher):
                watcher.on_outcome(outcome)


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to one query, or the problem, and when the query began and ended (in seconds of the clock)."""

    began: float
    ended: float
    rows: Sequence[Sequence[bytes | None]] = ()
    problem: Exception | None = None


def _json(raw: bytes | None) -> object:
    try:
        return None if raw is None else codec.decode(raw)
    except ValueError:
        return codec.text(raw or b"")


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else codec.text(raw)
