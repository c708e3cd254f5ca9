"""One slot, which runs one job at a time. Kue calls it a worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from kue.worker.run import Run

if TYPE_CHECKING:
    from kue.jobs.job import Job


class Home(Protocol):
    """The slots of a type, or those that types share, among which a slot is."""

    types: Sequence[str]

    def retire(self, slot: Worker) -> None:
        """Remove a slot, at once or when its run has ended."""


def retire(slot: Worker, slots: list[Worker], free: list[Worker]) -> bool:
    """Take a slot out of those of its home, at once or when its run has ended. Returns whether it was free."""
    slot.running = False
    if slot in slots:
        slots.remove(slot)
    if was_free := slot in free:
        free.remove(slot)
    return was_free


class Worker:
    """One slot: it runs one job of its type at a time. `queue.workers` lists them.

    A slot that several types share has the type of its present job, or of its last one.
    """

    __slots__ = ("home", "id", "run", "running", "type")

    def __init__(self, id: str, type: str, home: Home) -> None:
        self.id = id
        self.type = type
        self.home = home
        self.run: Run | None = None
        self.running = True

    @property
    def types(self) -> list[str]:
        """The types whose jobs it runs: one, unless several types share it."""
        return list(self.home.types)

    @property
    def job(self) -> Job | None:
        """The job it runs; None while it is idle."""
        run = self.run
        return None if run is None else run.held_job

    def __repr__(self) -> str:
        return f"<Worker {self.id} {self.job or 'idle'}>"
