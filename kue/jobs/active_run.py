"""The run that a job is in, as the job sees it. What a handler reports goes through its run to Redis."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Protocol

from kue.store.effects import Effects

current: ContextVar[Any] = ContextVar("kue_current_job", default=None)
"""The job whose handler makes this call; None outside of handlers."""


def flush_reports() -> None:
    """In a handler: return when Redis has what the handler has reported, or is out of reach. Elsewhere: at once."""
    job = current.get()
    if job is not None and job.active_run is not None:
        job.active_run.flush()


class ActiveRun(Protocol):
    """What a job needs of its run. `kue.worker.run` has the class."""

    @property
    def lost(self) -> bool:
        """Whether the run no longer holds its job."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether the shutdown of its worker has begun."""
        ...

    @property
    def cancellation(self) -> str:
        """The error of a job whose run was cancelled, as far as this process knows; "" if it was not."""
        ...

    @property
    def fence(self) -> str:
        """The worker id that must still hold the job for a change to be made; '' if no check is needed."""
        ...

    def hand_over(self, given: bool = True) -> None:
        """Note that the handler moved or removed its job itself; with False, that it made the job active again."""

    def apply_effects(self, effects: Effects) -> None:
        """Send effects to Redis, in order, on condition that the run still holds its job."""

    def flush(self) -> None:
        """Return when Redis has answered everything that was sent before, or is out of reach."""

    def touch(self, *, new_ttl: bool = False) -> None:
        """Note that the ttl of the run starts anew: there is progress, or an update with a new ttl."""
