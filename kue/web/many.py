"""Changes many jobs, some at a time, and names those that were not changed, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from kue.jobs.cancelling import cancel_error, count_cancelled
from kue.options.values import STATES
from kue.runtime import Runtime
from kue.store import codec
from kue.store.bulk import Bulk
from kue.store.worker_id import is_node_worker

STATES_OF: Mapping[str, tuple[str, ...]] = {
    "retry": ("failed", "complete"),
    "promote": ("delayed",),
    "cancel": ("inactive", "delayed", "active"),
    "remove": STATES,
}
"""The states in which a job can be changed, by action."""


class NotDone(NamedTuple):
    """A job that was left as it is, and why."""

    id: int
    reason: str


Change = Callable[[Sequence[int]], Iterable[NotDone]]
"""Changes up to a hundred jobs. Returns those that were not changed."""


class Changes:
    """The changes that can be made to many jobs under one prefix.

    With a `state`, only jobs that are in this state are changed: a job that a user saw as failed may run by now.
    """

    def __init__(self, runtime: Runtime, state: str = "") -> None:
        self._runtime = runtime
        self._state = state
        self._store = runtime.store
        self._bulk = Bulk(runtime.store)

    def retry(self, ids: Sequence[int]) -> Iterable[NotDone]:
        """Queue jobs that have failed or are complete again."""
        states = self._states(ids)
        ready = [id for id in ids if states[id] in self._states_of("retry")]
        now, commands = self._store.clock(), self._bulk.commands
        replies = self._store.ask_kinds([commands.retry_jobs([id], states[id], "", now) for id in ready])
        left = {id for id, reply in zip(ready, replies, strict=True) if reply != 1}
        return self._named("retry", [id for id in ids if id in left or id not in set(ready)])

    def promote(self, ids: Sequence[int]) -> Iterable[NotDone]:
        """Queue delayed jobs before their time."""
        may = self._takes("delayed")
        return self._named("promote", [id for id in ids if not (may and self._bulk.retry_jobs([id], "delayed", ""))])

    def remove(self, ids: Sequence[int]) -> Iterable[NotDone]:
        """Remove jobs, also those without a type."""
        rows = dict(zip(ids, self._store.fields(ids, ("state", "type")), strict=True))
        rows = {id: row for id, row in rows.items() if self._takes(codec.text(row[0] or b""))}
        broken = [id for id, (state, type) in rows.items() if state and not type]
        if broken:
            self._store.drop_broken(broken)
        states = {id: codec.text(state) for id, (state, type) in rows.items() if state and type}
        removed = {*broken, *(id for id, state in states.items() if self._bulk.remove_jobs([id], state, ""))}
        return self._named("remove", [id for id in ids if id not in removed])

    def cancel(self, ids: Sequence[int]) -> Iterable[NotDone]:
        """Cancel jobs that wait or run."""
        states = self._states(ids) if self._state else {}
        ready = [id for id in ids if not states or self._takes(states[id])]
        words = self._bulk.cancel(ready, cancel_error("")) if ready else []
        count_cancelled(self._runtime, words)
        cancelled = {id for id, word in zip(ready, words, strict=True) if _is_cancelled(word)}
        return self._named("cancel", [id for id in ids if id not in cancelled])

    def _states_of(self, action: str) -> list[str]:
        """The states in which a job is changed here."""
        return [state for state in STATES_OF[action] if self._takes(state)]

    def _takes(self, state: str) -> bool:
        return self._state in ("", state)

    def _states(self, ids: Sequence[int]) -> dict[int, str]:
        rows = self._store.fields(ids, ("state",))
        return {id: codec.text(state or b"") for id, (state,) in zip(ids, rows, strict=True)}

    def _named(self, action: str, ids: Sequence[int]) -> Iterable[NotDone]:
        if not ids:
            return ()
        rows = self._store.fields(ids, ("state", "workerId", "type"))
        states = self._states_of(action)
        return [NotDone(id, _reason(states, *row)) for id, row in zip(ids, rows, strict=True)]


def _is_cancelled(word: str) -> bool:
    return word.startswith(("cancelled", "told"))


def _reason(states: Sequence[str], state: bytes | None, worker: bytes | None, type: bytes | None) -> str:
    """Why a job was left as it is, from what it is now. `states` are those in which it would have been changed."""
    if state is None:
        return "it was removed"
    if not type:
        return "it has no type"
    if state == b"active" and is_node_worker(codec.text(worker or b"")):
        return "a Node worker has it"
    if codec.text(state) in states:
        return "a Node worker is about to change it, or a key of its type is of the wrong kind"
    return f"it is {codec.text(state)}"
