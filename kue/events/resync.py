"""Reads the outcomes of watched jobs from Redis, for watchers that may have missed the event.

- asks after a reconnect, every ten seconds for watchers that must learn the outcome, and on demand
- sends one query at a time, for all jobs that were asked for since the last
- takes a job for failed only if it still is a second later, since Node passes through `failed` before the next attempt
- takes a job for removed if its hash is gone or another job's, after a second look: Node publishes `complete` after it
  has removed the hash
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kue.common.error_reporter import ErrorReporter
from kue.events.router import Router
from kue.events.subscriber import Subscriber
from kue.events.watcher import Outcome, Watcher
from kue.store import codec, invalid_result, stored_error
from kue.store.identity import is_other, read_created_at
from kue.store.invalid_result import read_reason
from kue.store.store import Store

CHECK_EVERY_SECONDS = 10.0
CHECK_AGAIN_SECONDS = 1.0
_CHECK_REMOVED_SECONDS = 0.1
_END_STATES = ("complete", "failed", "removed")
_LOOKED_AT_TWICE = ("failed", "removed")
_FIELDS = ("type", "state", "result", "error", "py_sent", stored_error.FIELD, "created_at", invalid_result.FIELD)


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
        self._found_first: dict[tuple[int, str], float] = {}  # when a job was first found in a state
        self._is_scheduled = False
        self._unasked: dict[int, bool] = {}
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

    def ask(self, ids: Iterable[int], *, announced: bool = False) -> None:
        """Query jobs, and settle the watchers of those that have ended.

        With `announced` the event `remove` was received. Every other event of the job was received before it, so that a
        hash that is gone needs no second look.
        """
        for id in ids:
            self._unasked[id] = announced or self._unasked.get(id, False)
        if self._unasked and not self._is_asking:
            self._is_asking = True
            # A watcher that is added after the query may wait for a later run, so the answer does not settle it.
            asked = {id: _Asked(self._router.watchers(id), announced) for id, announced in self._unasked.items()}
            self._unasked.clear()
            self._subscriber().fetch(lambda: self._query(list(asked)), lambda answer: self._answered(asked, answer))

    def _query(self, ids: Sequence[int]) -> Answer:
        """Send the query. Not on the subscriber's thread, since it may block."""
        began = self._clock()
        try:
            rows = self._store.fields(ids, _FIELDS)
        except Exception as problem:
            return Answer(began, self._clock(), problem=problem)
        return Answer(began, self._clock(), rows)

    def _answered(self, asked: dict[int, _Asked], answer: Answer) -> None:
        self._is_asking = False
        if answer.problem is None:
            self._error_reporter.outage_ended("resync")
            self.ask(())
            self._settle_all(asked, answer)
            return
        self._error_reporter.failed("resync", answer.problem)
        for id, one in asked.items():
            self._unasked[id] = one.announced or self._unasked.get(id, False)
        if not self._will_retry:
            self._will_retry = True
            self._subscriber().call_later(CHECK_AGAIN_SECONDS, self._retry)

    def _retry(self) -> None:
        self._will_retry = False
        self.ask(())

    def _settle_all(self, asked: dict[int, _Asked], answer: Answer) -> None:
        unsure: dict[float, list[int]] = {}
        for (id, one), row in zip(asked.items(), answer.rows, strict=True):
            outcome = _read_outcome(row)
            own, replaced = _of_this_job(one.watchers, None if row[0] is None else read_created_at(row[6]))
            found = {outcome.state: (own, outcome)}
            if replaced:
                found["removed"] = (replaced, Outcome("removed"))
            for state, (watchers, its_outcome) in found.items():
                wait = 0.0 if one.announced and state == "removed" else _seconds_between_looks(state)
                if wait and answer.began - self._found_first.setdefault((id, state), answer.ended) < wait:
                    unsure.setdefault(wait, []).append(id)
                else:
                    self._found_first.pop((id, state), None)
                    self._settle(id, watchers, its_outcome)
            for state in _LOOKED_AT_TWICE:
                if state not in found:
                    self._found_first.pop((id, state), None)
        for wait, ids in unsure.items():
            self._subscriber().call_later(wait, functools.partial(self.ask, ids))

    def _settle(self, id: int, watchers: list[Watcher], outcome: Outcome) -> None:
        over = outcome.state in _END_STATES
        if not over and not outcome.sent:
            return
        for watcher in watchers:
            if self._router.is_held_up(watcher):
                continue
            if (over or watcher.must_settle) and self._router.unwatch(id, watcher):
                watcher.on_outcome(outcome)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The watchers of a job when the query was sent, and whether `remove` had been received."""

    watchers: list[Watcher]
    announced: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to one query, or the problem, and when the query began and ended (in seconds of the clock)."""

    began: float
    ended: float
    rows: Sequence[Sequence[bytes | None]] = ()
    problem: Exception | None = None


def _read_outcome(row: Sequence[bytes | None]) -> Outcome:
    state = "removed" if row[0] is None else codec.text(row[1] or b"")
    sent = () if row[4] is None else (codec.decode_or_text(row[4]),)
    return Outcome(state, codec.decode_or_text(row[2]), _text(row[3]), sent, row[5], read_reason(row[7], row[2]))


def _of_this_job(watchers: list[Watcher], created_at: int | None) -> tuple[list[Watcher], list[Watcher]]:
    """The watchers of the job that was created then, and those of another job that had its number."""
    own = [watcher for watcher in watchers if not is_other(watcher.created_at, created_at)]
    return own, [watcher for watcher in watchers if watcher not in own]


def _seconds_between_looks(state: str) -> float:
    return {"failed": CHECK_AGAIN_SECONDS, "removed": _CHECK_REMOVED_SECONDS}.get(state, 0.0)


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else codec.text(raw)
