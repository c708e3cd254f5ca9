"""Finds watched jobs that vanished without an event, after FLUSHALL for example, so that no watch lasts for ever.

Watchers that must settle are looked up by `resync` in any case. Those of listeners may be very many, so that each round
looks at some of them, in turn.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence

from kue.common.error_reporter import ErrorReporter
from kue.errors import KueError
from kue.events.resync import CHECK_EVERY_SECONDS, Resync
from kue.events.router import Router
from kue.events.subscriber import Subscriber
from kue.store.identity import is_other, read_created_at
from kue.store.store import Store

_JOBS_PER_ROUND = 1000


class VanishedJobs:
    """For the subscriber's thread, but any thread may call `keep_looking`."""

    def __init__(
        self,
        store: Store,
        router: Router,
        resync: Resync,
        subscriber: Callable[[], Subscriber],
        error_reporter: ErrorReporter,
    ) -> None:
        self._store = store
        self._router = router
        self._resync = resync
        self._subscriber = subscriber
        self._error_reporter = error_reporter
        self._is_scheduled = False
        self._last = 0  # the highest id that was looked at in this turn

    def keep_looking(self) -> None:
        """Look every ten seconds, while there are watchers of jobs."""
        if not self._is_scheduled:
            self._is_scheduled = True
            self._subscriber().call_later(CHECK_EVERY_SECONDS, self._round)

    def _round(self) -> None:
        self._is_scheduled = False
        must_settle = {*self._router.watched(must_settle=True)}
        ids = sorted({*self._router.watched(must_settle=False)} - must_settle)
        page = self._next_page(ids)
        if page:
            self._subscriber().fetch(lambda: self._look(page), self._found)
        elif must_settle:
            self.keep_looking()

    def _next_page(self, ids: Sequence[int]) -> Sequence[int]:
        start = bisect_right(ids, self._last)
        page = ids[start : start + _JOBS_PER_ROUND] or ids[:_JOBS_PER_ROUND]
        self._last = page[-1] if page else 0
        return page

    def _look(self, ids: Sequence[int]) -> list[int]:
        """The jobs that seem to have vanished. Not on the subscriber's thread, since it may block."""
        try:
            rows = self._store.named_fields(dict.fromkeys(ids, ("type", "created_at")))
        except KueError:
            return []  # the next turn will show it
        except Exception as problem:
            self._error_reporter.unexpected("vanished", problem)
            return []
        return [id for id, row in zip(ids, rows, strict=True) if row["type"] is None or self._is_replaced(id, row)]

    def _is_replaced(self, id: int, row: Mapping[str, bytes | None]) -> bool:
        created_at = read_created_at(row["created_at"])
        return any(is_other(watcher.created_at, created_at) for watcher in self._router.watchers(id))

    def _found(self, vanished: list[int]) -> None:
        self._resync.ask(vanished)
        self.keep_looking()
