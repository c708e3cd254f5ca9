"""Moves a job to another state by hand, under the names that Kue has for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self, overload

from kue.connection.connection import Argument
from kue.options.typed import State
from kue.options.values import read_state
from kue.runtime import Runtime


class StateChanges(ABC):
    """A part of `Job`. As in Kue, only a move to `inactive` publishes an event."""

    runtime: Runtime
    only_collected: bool
    updated_at: int | float | None
    failed_at: int | float | None
    _state: str | None
    _progress: str | None

    @abstractmethod
    def _saved_id(self, what: str) -> int: ...

    @property
    @abstractmethod
    def _run_id(self) -> str: ...

    @abstractmethod
    def _hand_over(self, given: bool = True) -> None: ...

    @overload
    def state(self) -> str | None: ...
    @overload
    def state(self, state: State, /) -> Self: ...
    def state(self, *state: str) -> Any:
        """Without an argument: the state that this object knows, None for a new job. With one: move the job there.

        Returns the job. Raises `InvalidOption` if there is no such state, `JobNotFound`, `ConnectionFailed` or
        `RedisRefused`. In a handler it raises `JobLost` if the run no longer holds the job.
        """
        if not state:
            return self._state
        return self._move(read_state(state[0]))

    def inactive(self) -> Self:
        """Queue the job (again). Returns the job. Raises what `state` raises."""
        return self._move("inactive")

    def active(self) -> Self:
        """Mark the job as running. Returns the job. Raises what `state` raises."""
        return self._move("active")

    def complete(self) -> Self:
        """Mark the job as complete, with a progress of 100. Returns the job. Raises what `state` raises."""
        self._move("complete", "progress", 100)
        self._progress = "100"
        return self

    def failed(self) -> Self:
        """Mark the job as failed now. Returns the job. Raises what `state` raises."""
        now = self.runtime.store.clock()
        self._move("failed", "failed_at", now, now=now)
        self.failed_at = now
        return self

    def delayed(self) -> Self:
        """Delay the job until its `promote_at`. Returns the job. Raises what `state` raises."""
        return self._move("delayed")

    def _move(self, state: str, *fields: Argument, now: int | None = None) -> Self:
        id = self._saved_id(state)
        now = self.runtime.store.clock() if now is None else now
        if not self.only_collected:
            self.runtime.store.set_state(id, state, now, fields or ("state", state), self._run_id)
            self._hand_over(state != "active")
        self._state, self.updated_at = state, now
        return self
