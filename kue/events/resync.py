"""Asks Redis for outcomes that no event told: after a reconnect, every ten seconds for who must know, and on demand.

One question is under way at a time, for all that were asked for meanwhile together.

A job that says `failed` is believed only if it still does a second later, since Node passes through that state on its
way to the next attempt.
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

EVERY = 10.0
SECOND_LOOK = 1.0
ENDED = ("complete", "failed", "removed")


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
        self._scheduled = False
        self._wanted: dict[int, None] = {}
        self._asking = False
        self._retrying = False

    def keep_asking(self) -> None:
        """Ask every ten seconds while an must_settle watch is pending."""
        if not self._scheduled:
            self._scheduled = True
            self._subscriber().call_later(EVERY, self._round)

    def _round(self) -> None:
        self._scheduled = False
        ids = self._router.watched(must_settle=True)
        if ids:
            self.ask(ids)
            self.keep_asking()

    def ask_all(self) -> None:
        """After a reconnect: whatever is watched may have ended unheard."""
        self.ask(self._router.watched(must_settle=False))

    def ask(self, ids: Iterable[int]) -> None:
        """Settle those of `ids` that have ended."""
        self._wanted.update(dict.fromkeys(ids))
        if self._wanted and not self._asking:
            self._asking = True
            # Who comes to listen after the question was put may mean a later run of the job than the answer does.
            asked = {id: self._router.watchers(id) for id in self._wanted}
            self._wanted.clear()
            self._subscriber().fetch(lambda: self._look(list(asked)), lambda answer: self._answered(asked, answer))

    def _look(self, ids: Sequence[int]) -> Answer:
        """Beside the subscriber's thread."""
        began = self._clock()
        try:
            rows = self._store.fields(ids, ("type", "state", "result", "error", "py_sent", stored_error.FIELD))
        except Exception as problem:
            return Answer(began, self._clock(), problem=problem)
        return Answer(began, self._clock(), rows)

    def _answered(self, asked: dict[int, list[Watcher]], answer: Answer) -> None:
        self._asking = False
        if answer.problem is None:
            self._error_reporter.outage_ended("resync")
            self.ask(())
            self._settle_all(asked, answer)
            return
        if isinstance(answer.problem, KueError):
            self._error_reporter.outage_began("resync", answer.problem)
        else:
            self._error_reporter.unexpected("resync", answer.problem)
        self._wanted.update(dict.fromkeys(asked))
        if not self._retrying:
            self._retrying = True
            self._subscriber().call_later(SECOND_LOOK, self._retry)

    def _retry(self) -> None:
        self._retrying = False
        self.ask(())

    def _settle_all(self, asked: dict[int, list[Watcher]], answer: Answer) -> None:
        again = []
        for (id, watchers), row in zip(asked.items(), answer.rows, strict=True):
            state = "removed" if row[0] is None else codec.text(row[1] or b"")
            if state == "failed":
                since = self._failed_since.setdefault(id, answer.ended)
                if answer.began - since < SECOND_LOOK:
                    again.append(id)
                    continue
            self._failed_since.pop(id, None)
            if state in ENDED or row[4] is not None:
                sent = () if row[4] is None else (_json(row[4]),)
                self._settle(id, watchers, Outcome(state, _json(row[2]), _text(row[3]), sent, row[5]))
        if again:
            self._subscriber().call_later(SECOND_LOOK, lambda: self.ask(again))

    def _settle(self, id: int, watchers: list[Watcher], outcome: Outcome) -> None:
        over = outcome.state in ENDED
        for watcher in watchers:
            if (over or watcher.must_settle) and self._router.unwatch(id, watcher):
                watcher.on_outcome(outcome)


@dataclass(frozen=True, slots=True)
class Answer:
    """What Redis said to one question, and between which moments; or why it said nothing."""

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
