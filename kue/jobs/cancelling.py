"""Cancels jobs: one that waits fails at once, and the process that runs one is asked to end its handler.

In a handler it tells whether that was asked of its own job.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self, cast

from kue.common.describe import MAX_MESSAGE_BYTES, cut, short_repr
from kue.errors import HeldByNode, InvalidOption, JobLost, JobNotFound
from kue.jobs.active_run import ActiveRun
from kue.jobs.control_flow import Cancelled
from kue.jobs.fields import Fields
from kue.options.typed import State
from kue.runtime import HasRuntime, Runtime
from kue.store.bulk import Bulk
from kue.store.identity import NUMBER_TAKEN

_NAME = "Cancelled"


class Cancelling(Fields, ABC):
    """A part of `Job`."""

    runtime: Runtime
    active_run: ActiveRun | None
    only_collected: bool

    @abstractmethod
    def _saved_id(self, what: str) -> int: ...

    @property
    @abstractmethod
    def _fence(self) -> str: ...

    if TYPE_CHECKING:

        @classmethod
        def _asked_for(cls, id: int | str | None, queue: HasRuntime | None) -> tuple[Runtime, int]: ...

    def cancel(self, reason: str = "") -> State:
        """Have the job not run, or not run on. Returns its state: `failed`, `active`, or that of a job that has ended.

        A job that waits fails at once with the error `Cancelled: reason`, whatever attempts are left. If a Python
        process runs it, the state is `active`: the process learns of it within 1.5 s, and `cancelled` is true there.
        The job fails when its handler ends, unless that returns: work that is done counts. A job that has ended stays
        as it is.

        Raises `HeldByNode` if a Node worker has the job, `InvalidOption`, `JobNotFound`, `ConnectionFailed` or
        `RedisRefused`, and in a handler of the job `JobLost` if its run no longer holds the job.
        """
        id, error = self._saved_id("cancel"), cancel_error(reason)
        if self.only_collected:
            state, is_new = self._cancel_collected()
        else:
            state, is_new = _cancel(self.runtime, id, error, self._fence)
        self._state = state
        if is_new:
            self._error = error
            self.failed_at = self.updated_at = self.runtime.store.clock()
        return state

    def _cancel_collected(self) -> tuple[State, bool]:
        """In test mode: the state that a job has after it was cancelled, and whether it has failed with that."""
        has_ended = self._state in ("complete", "failed")
        return cast(State, self._state if has_ended else "failed"), not has_ended

    @classmethod
    def cancel_by_id(cls, id: int | str | None, reason: str = "", *, queue: HasRuntime | None = None) -> State:
        """Cancel the job with this id, as `cancel` does. Returns its state, and raises what `cancel` raises."""
        error = cancel_error(reason)
        runtime, number = cls._asked_for(id, queue)
        return _cancel(runtime, number, error)[0]

    @property
    def cancelled(self) -> bool:
        """In a handler: whether the job was cancelled, so that the handler should end."""
        return self.active_run is not None and self.active_run.cancellation != ""

    def raise_if_cancelled(self) -> Self:
        """In a handler: raise `Cancelled` if the job was cancelled. Otherwise return the job."""
        if self.active_run is not None and (error := self.active_run.cancellation):
            raise Cancelled(error.removeprefix(_NAME).removeprefix(": "))
        return self


def cancel_error(reason: Any) -> str:
    """The error of a job that is cancelled, in one line. Raises `InvalidOption` if the reason is no string."""
    if not isinstance(reason, str):
        raise InvalidOption(f"reason must be a string, not {short_repr(reason)}")
    line = " ".join(reason.split())
    return cut(f"{_NAME}: {line}", MAX_MESSAGE_BYTES) if line else _NAME


def count_cancelled(runtime: Runtime, words: Iterable[str]) -> int:
    """Count the jobs that have failed now, by the words of the script `cancel`. Returns how many these are.

    A run that was told is counted by its own process, when it has ended.
    """
    types = [word.partition(":")[2] for word in words if word.startswith("cancelled:")]
    for type in types:
        runtime.counters.of(type).outcomes["cancelled"].append(0)
    return len(types)


def _cancel(runtime: Runtime, id: int, error: str, fence: str = "") -> tuple[State, bool]:
    """Cancel one job. Returns its state, and whether it has failed with this call."""
    (word,) = Bulk(runtime.store).cancel([id], error, fence=fence, alone=True)
    if word == "node":
        raise HeldByNode(id)
    if word == "lost":
        raise JobLost(id, "cancel")
    if word == "gone":
        raise JobNotFound(id)
    if word == "other":
        raise JobNotFound(id, NUMBER_TAKEN.format(id))
    if count_cancelled(runtime, [word]):
        return "failed", True
    states = {"told": "active", "told before": "active"}
    return cast(State, states.get(word, word)), False
