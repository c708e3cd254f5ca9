"""Moves a job to another state by hand, under the names that Kue has for it.

Options that were set on the job object and not written yet are written with the move.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self, overload

from kue.jobs.fields import Fields
from kue.options.typed import State
from kue.options.values import read_state
from kue.runtime import Runtime
from kue.store import effects
from kue.store.effects import Effects


class StateChanges(Fields, ABC):
    """A part of `Job`. As in Kue, only a move to `inactive` publishes an event."""

    runtime: Runtime
    only_collected: bool

    @abstractmethod
    def _saved_id(self, what: str) -> int: ...

    @property
    @abstractmethod
    def _fence(self) -> str: ...

    @abstractmethod
    def _option_changes(self, now: int) -> tuple[frozenset[str], Effects]: ...

    @abstractmethod
    def _options_written(self, names: frozenset[str], now: int) -> None: ...

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
        self._move("complete", effects.set_field("progress", 100))
        self._progress = "100"
        return self

    def failed(self) -> Self:
        """Mark the job as failed now. Returns the job. Raises what `state` raises."""
        self._move("failed", moved_at="failed_at")
        self.failed_at = self.updated_at
        return self

    def delayed(self) -> Self:
        """Delay the job by its `delay` if one was set on this object, else until its `promote_at`.

        Returns the job. Raises what `state` raises.
        """
        return self._move("delayed")

    def _move(self, state: str, fields: Effects = (), *, moved_at: str = "") -> Self:
        """Move the job to a state, and write the options that were set here. `moved_at` is a field for the moment."""
        id = self._saved_id(state)
        fence = "" if self.only_collected else self._fence
        now = self.runtime.store.clock()
        if moved_at:
            fields = effects.set_field(moved_at, now)
        if not self.only_collected:
            names, changes = self._option_changes(now)
            self.runtime.store.set_state(id, state, now, (*changes, *fields), fence)
            self._hand_over(state != "active")
            self._options_written(names, now)
            if "delay" in names:
                self.promote_at = now + (self.options.get("delay") or 0)
        self._state, self.updated_at = state, now
        return self
