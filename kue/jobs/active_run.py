"""What a run gives its job to speak through, instead of straight to Redis."""

from __future__ import annotations

from typing import Protocol

from kue.store.effects import Effects


class ActiveRun(Protocol):
    """The voice of one run."""

    @property
    def lost(self) -> bool:
        """Whether the run no longer holds its job."""

    @property
    def fence(self) -> str:
        """The id of the run, while changes are to be made in its name only; then ''."""

    def hand_over(self, given: bool = True) -> None:
        """The handler itself has taken the job out of the hands of its run, or put it back."""

    def apply_effects(self, effects: Effects) -> None:
        """Have something said, in order, under the check of the run."""

    def flush(self) -> None:
        """Return when what was said before has been answered by Redis, or Redis is away."""

    def touch(self) -> None:
        """Progress was made: the deadline of the run moves."""
