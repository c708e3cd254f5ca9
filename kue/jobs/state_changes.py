"""Moving a job to another state by hand, with Kue's names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self, overload

from kue.connection.connection import Argument
from kue.options.values import read_state
from kue.runtime import Runtime


class StateChanges(ABC):
    """A part of `Job`."""

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
    def state(self, state: str, /) -> Self: ...
    def state(self, *state: str) -> Any:
        """The state this object knows; with an argument, the job goes to that state. Raises as `update`."""
        if not state:
            return self._state
        return self._go(read_state(state[0]))

    def inactive(self) -> Self:
        """Queue the job (again)."""
        return self._go("inactive")

    def active(self) -> Self:
        """Mark the job as running."""
        return self._go("active")

    def complete(self) -> Self:
        """Mark the job as done, its progress as 100."""
        self._go("complete", "progress", 100)
        self._progress = "100"
        return self

    def failed(self) -> Self:
        """Mark the job as failed, now."""
        now = self.runtime.store.clock()
        self._go("failed", "failed_at", now, now=now)
        self.failed_at = now
        return self

    def delayed(self) -> Self:
        """Have the job wait until its `promote_at`."""
        return self._go("delayed")

    def _go(self, state: str, *fields: Argument, now: int | None = None) -> Self:
        id = self._saved_id(state)
        now = self.runtime.store.clock() if now is None else now
        if not self.only_collected:
            self.runtime.store.set_state(id, state, now, fields or ("state", state), self._run_id)
            self._hand_over(state != "active")
        self._state, self.updated_at = state, now
        return self
