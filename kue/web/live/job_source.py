"""The source of an open job: its fields but for the data, its runs, and the end of its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kue.store import codec
from kue.store.job_hash import JobHash
from kue.web.live.state import Tail
from kue.web.read_model.job_view import JobViews
from kue.web.read_model.reading import Reader
from kue.web.site import Site

MAX_LINES = 500
MAX_CHARACTERS = 10_000
"""A longer line of the log is cut."""
_LONG = ("result", "error", "progress_data", "py_runs")
_SHORT = tuple(name for name in JobHash._fields if name not in (*_LONG, "data"))


class JobSource:
    """Reads a job. Long fields are read only if a short one or the length of a long one has changed.

    What is written to a job changes its `updated_at`, so that nothing is overlooked. The values of a job that is gone
    stay as they were, but for `found`.
    """

    every = 1

    def __init__(self, site: Site, id: int, *, with_data: bool) -> None:
        self._commands = site.facts.commands
        self._views = JobViews(site)
        self._unreadable = site.unreadable
        self._id = id
        self._with_data = with_data
        self._seen: Any = None
        self._values: dict[str, Any] = {}
        self._log = Tail(0, () if with_data else None)

    def read(self) -> Reader[Mapping[str, Any]]:
        commands, id = self._commands, self._id
        *seen, length, lines = yield [
            commands.fields(id, _SHORT),
            *commands.lengths(id, _LONG),
            commands.log_length(id),
            commands.log(id, self._log.total, self._log.total + MAX_LINES - 1),
        ]
        if not isinstance(seen[0], list):
            self._values = self._views.view(id, seen[0], with_data=self._with_data)
        elif not any(seen[0]):
            self._unreadable.forget(id)
            self._seen = None
            return {**self._values, "found": False}
        elif seen != self._seen:
            [long] = yield [commands.fields(id, _LONG)]
            self._values = self._view(seen[0], long if isinstance(long, list) else [None] * len(_LONG))
        self._seen = seen
        self._log = yield from self._tail(length, lines)
        self._values = {**self._values, "log": self._log}
        return {**self._values, "found": True}

    def _view(self, short: list[bytes | None], long: list[bytes | None]) -> dict[str, Any]:
        hash = JobHash(**dict(zip((*_SHORT, *_LONG), (*short, *long), strict=True)))
        view = self._views.view(self._id, hash, with_data=self._with_data, runs=True)
        del view["data"]  # it does not change, and may be large
        return view

    def _tail(self, length: Any, found: Any) -> Reader[Tail]:
        """The end of the log. If more lines came than are read at once, those before the end are passed over."""
        if not isinstance(length, int) or not isinstance(found, list):
            return Tail(0, () if self._with_data else None)
        if self._log.lines is None:
            return Tail(length, None)
        start, lines = self._log.total, self._log.lines
        if length < start or len(found) == MAX_LINES:
            start, lines = max(0, length - MAX_LINES), ()
            [found] = yield [self._commands.log(self._id, start, length - 1)]
        new = tuple(codec.text(line)[:MAX_CHARACTERS] for line in found)
        return Tail(start + len(new), (*lines, *new)[-MAX_LINES:])
