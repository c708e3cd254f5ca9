"""Puts back jobs that a dead Node worker left between two steps: inactive, but in no set of their type.

No worker would take them again. While a live Node worker takes a job, it looks the same for a moment. So a job is put
back only after this process has itself seen it so, unchanged, for a while.
"""

from __future__ import annotations

from kue.store import codec
from kue.store.store import Store

_PAGE_SIZE = 1000
_MAX_REST_MS = 60_000


class StuckJobs:
    """Compares the sizes of the sets. Only if they differ, it scans them, a page of a thousand jobs in each round.

    `interval` and `after`, which is how long a job must look stuck, are in ms.
    """

    def __init__(self, store: Store, interval: int, after: int) -> None:
        self.interval = interval / 1000
        self._store = store
        self._after = after
        self._cursor = b"0"
        self._seen: dict[int, tuple[int, str]] = {}  # when a job was first seen stuck, and its updated_at then
        self._scanned_missing = 0  # how many were missing when the last scan ended
        self._rest_until = 0

    def run_once(self, now: int) -> bool:
        missing = self._missing()
        if missing <= 0:
            self._seen.clear()
            self._cursor = b"0"
            return False
        self._restore(now)
        if missing == self._scanned_missing and 0 < self._rest_until - now <= _MAX_REST_MS:  # more: it was put back
            return False
        self._scan(now)
        if self._cursor == b"0":
            self._scanned_missing, self._rest_until = missing, now + min(_MAX_REST_MS, self._after)
        return False

    def _missing(self) -> int:
        """How many inactive jobs are in no type's set."""
        total, *by_type = self._store.counts([("inactive", type) for type in (None, *self._store.types())])
        return total - sum(by_type)

    def _scan(self, now: int) -> None:
        store = self._store
        self._cursor, ids = store.scan_state("inactive", self._cursor, _PAGE_SIZE)
        waiting = []
        for id, (type, state, updated_at) in zip(ids, store.fields(ids, ("type", "state", "updated_at")), strict=True):
            if type is not None and state == b"inactive":
                waiting.append((id, codec.text(type), codec.text(updated_at or b"")))
        scores = store.scores([(id, type) for id, type, _ in waiting], "inactive")
        for (id, _, updated), score in zip(waiting, scores, strict=True):
            if score is None and self._seen.get(id, (0, ""))[1] != updated:
                self._seen[id] = (now, updated)

    def _restore(self, now: int) -> None:
        due = [(id, updated) for id, (since, updated) in self._seen.items() if now - since >= self._after]
        for id, _ in due:
            del self._seen[id]
        if due:
            self._store.restore_stuck(due, now)
