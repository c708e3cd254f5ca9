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
    """The changes that can be made to many jobs under one prefix."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._store = runtime.store
        self._bulk = Bulk(runtime.store)

    def retry(self, ids: Sequence[int]) -> Iterable[NotDone]:
        """Queue jobs that have failed or are complete again."""
        states = self._states(ids)
        ready = [id for id in ids if states[id] in STATES_OF["retry"]]
        now, commands = self._store.clock(), self._bulk.commands
        replies = self._store.ask_kinds([commands.retry_jobs([id], states[id], "", now) for id in ready])
        left = {id for id, reply in zip(ready, replies, strict=True) if reply != 1}
        return self._named("retry", [id for id in ids if id in left or id not in set(ready)])

    def promote(self, ids: Sequence[int]) -> Iterable[NotDone]:
        """Queue delayed jobs before their time."""
        return self._named("promote", [id for id in ids if not self._bulk.retry_jobs([id], "delayed", "")])

    def remove(self, ids: Sequence[int]) -> Iterable[NotDone]:
        """Remove jobs, also those without a type."""
        rows = dict(zip(ids, self._store.fields(ids, ("state", "type")), strict=True))
        broken = [id for id, (state, type) in rows.items() if state and not type]
        if broken:
            self._store.drop_broken(broken)
        states = {id: codec.text(state) for id, (state, type) in rows.items() if state and type}
        removed = {*broken, *(id for id, state in states.items() if self._bulk.remove_jobs([id], state, ""))}
        return self._named("remove", [id for id in ids if id not in removed])

    def cancel(self, ids: Sequence[int]) -> Iterable[NotDone]:
        """Cancel jobs that wait or run."""
        words = self._bulk.cancel(ids, cancel_error(""))
        count_cancelled(self._runtime, words)
        return self._named("cancel", [id for id, word in zip(ids, words, strict=True) if not _is_cancelled(word)])

    def _states(self, ids: Sequence[int]) -> dict[int, str]:
        rows = self._store.fields(ids, ("state",))
        return {id: codec.text(state or b"") for id, (state,) in zip(ids, rows, strict=True)}

    def _named(self, action: str, ids: Sequence[int]) -> Iterable[NotDone]:
        if not ids:
            return ()
        rows = self._store.fields(ids, ("state", "workerId", "type"))
        return [NotDone(id, _reason(action, *row)) for id, row in zip(ids, rows, strict=True)]


def _is_cancelled(word: str) -> bool:
    return word.startswith(("cancelled", "told"))


def _reason(action: str, state: bytes | None, worker: bytes | None, type: bytes | None) -> str:
    """Why a job was left as it is, from what it is now."""
    if state is None:
        return "it was removed"
    if not type:
        return "it has no type"
    if state == b"active" and is_node_worker(codec.text(worker or b"")):
        return "a Node worker has it"
    if codec.text(state) in STATES_OF[action]:
        return "a Node worker is about to change it, or a key of its type is of the wrong kind"
    return f"it is {codec.text(state)}"
