"""Jobs as they are shown in lists that stay open: what of them changes, without data and result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kue.connection.connection import Command
from kue.store.job_hash import JobHash
from kue.store.live import LiveCommands
from kue.web.read_model.job_view import JobViews
from kue.web.read_model.reading import Reader

_ERROR = "error"
_SHORT = tuple(name for name in JobHash._fields if name not in ("data", "result", "progress_data", "py_runs", _ERROR))
_SHOWN = (
    *("type", "state", "priority", "attempts", "progress", "worker", "error", "unreadable"),
    *("created_at", "updated_at", "promote_at", "started_at", "failed_at", "finished_at", "duration"),
)
_MAX_ERROR = 300


class JobRows:
    """Makes rows of jobs. A row is made anew, and its error read, only if the job changed since the last time.

    What is written to a job changes a short field or the length of its error, so that nothing is overlooked.
    """

    def __init__(self, commands: LiveCommands, views: JobViews, *, with_data: bool) -> None:
        self._commands = commands
        self._views = views
        self._with_data = with_data
        self._made: dict[int, tuple[object, dict[str, Any] | None]] = {}

    def look(self) -> list[Command]:
        """What shows whether the rows that were made last are still right."""
        fields, lengths = self._commands.fields, self._commands.lengths
        return [command for id in self._made for command in (fields(id, _SHORT), *lengths(id, [_ERROR]))]

    def read(self, ids: Sequence[int], looks: Sequence[Any]) -> Reader[dict[str, dict[str, Any] | None]]:
        """The row of each job under its id; None if there is no such job. `looks` are the replies to `look`."""
        before = self._made
        seen = dict(zip(before, zip(looks[::2], looks[1::2], strict=True), strict=True))
        made = {id: before[id] for id in ids if id in before and seen[id] == before[id][0]}
        changed = [id for id in ids if id not in made]
        if changed:
            replies = yield [self._commands.fields(id, (*_SHORT, _ERROR)) for id in changed]
            made |= {id: (_look_of(reply), self._row(id, reply)) for id, reply in zip(changed, replies, strict=True)}
        self._made = made
        return {str(id): made[id][1] for id in ids}

    def _row(self, id: int, reply: Any) -> dict[str, Any] | None:
        if isinstance(reply, list):
            if not any(reply):
                return None
            reply = JobHash(**dict(zip((*_SHORT, _ERROR), reply, strict=True)))
        view = self._views.view(id, reply, with_data=self._with_data)
        row = {name: view[name] for name in _SHOWN if name in view}
        if isinstance(row[_ERROR], str):
            row[_ERROR] = row[_ERROR].partition("\n")[0][:_MAX_ERROR]
        return row


def _look_of(reply: Any) -> object:
    """What a look at the same fields shows; nothing that a look shows if the job cannot be read."""
    return (reply[:-1], len(reply[-1] or b"")) if isinstance(reply, list) else None
