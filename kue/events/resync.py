"""Asks Redis for outcomes that no event told: after a reconnect, every ten seconds for who must know, and on demand.

A job that says `failed` is believed only if it still does a second later, since Node passes through that state on its
way to the next attempt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from kue.common.trouble import Trouble
from kue.errors import KueError
from kue.events.router import Router
from kue.events.subscriber import Subscriber
from kue.events.watch import Outcome
from kue.store import codec, stored_error
from kue.store.store import Store

EVERY = 10.0
SECOND_LOOK = 1.0
ENDED = ("complete", "failed", "removed")


class Resync:
    """Settles watches from the stored state of their jobs, on the subscriber's thread."""

    def __init__(
        self,
        store: Store,
        router: Router,
        subscriber: Callable[[], Subscriber],
        trouble: Trouble,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._router = router
        self._subscriber = subscriber
        self._trouble = trouble
        self._clock = clock
        self._failed_since: dict[int, float] = {}
        self._scheduled = False

    def keep_asking(self) -> None:
        """Ask every ten seconds while an insistent watch is pending."""
        if not self._scheduled:
            self._scheduled = True
            self._subscriber().call_later(EVERY, self._round)

    def _round(self) -> None:
        self._scheduled = False
        ids = self._router.watched(insistent=True)
        if ids:
            self.ask(ids)
            self.keep_asking()

    def ask_all(self) -> None:
        """After a reconnect: whatever is watched may have ended unheard."""
        self.ask(self._router.watched(insistent=False))

    def ask(self, ids: Sequence[int]) -> None:
        """Settle those of `ids` that have ended."""
        names = ("type", "state", "result", "error", "py_sent", stored_error.FIELD)
        try:
            rows = self._store.fields(ids, names)
        except KueError as problem:
            self._trouble.began("resync", problem)
            self._subscriber().call_later(SECOND_LOOK, lambda: self.ask(ids))
            return
        self._trouble.ended("resync")
        again = []
        for id, row in zip(ids, rows, strict=True):
            state = "removed" if row[0] is None else codec.text(row[1] or b"")
            if state == "failed":
                since = self._failed_since.setdefault(id, self._clock())
                if self._clock() - since < SECOND_LOOK:
                    again.append(id)
                    continue
            self._failed_since.pop(id, None)
            if state in ENDED or row[4] is not None:
                sent = () if row[4] is None else (_json(row[4]),)
                self._settle(id, Outcome(state, _json(row[2]), _text(row[3]), sent, row[5]))
        if again:
            self._subscriber().call_later(SECOND_LOOK, lambda: self.ask(again))

    def _settle(self, id: int, outcome: Outcome) -> None:
        over = outcome.state in ENDED
        for watch in self._router.watches(id):
            if (over or watch.insistent) and self._router.unwatch(id, watch):
                watch.ended(outcome)


def _json(raw: bytes | None) -> object:
    try:
        return None if raw is None else codec.decode(raw)
    except ValueError:
        return codec.text(raw or b"")


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else codec.text(raw)
