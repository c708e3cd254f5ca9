"""Test mode, as Kue has it: saved jobs are collected in a list, for assertions, instead of going to Redis."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar


class Collectable(Protocol):
    """A job, as far as test mode is concerned."""

    def collected(self, id: int) -> None:
        """Note that test mode has it instead of Redis."""


_J = TypeVar("_J", bound=Collectable)


class TestMode(Generic[_J]):
    """`queue.test_mode`: `enter`, `exit`, `clear`, and the list `jobs`."""

    __test__ = False  # a name that pytest would collect

    def __init__(self) -> None:
        self.jobs: list[_J] = []
        self.active = False
        self.processing = False

    @property
    def only_collects(self) -> bool:
        """Whether what is saved is kept from Redis."""
        return self.active and not self.processing

    def enter(self, process: bool = False) -> None:
        """Collect what is saved; with `process` it is also really saved, and runs."""
        self.active, self.processing = True, process

    def exit(self) -> None:
        """Back to normal; what was collected stays until `clear`."""
        self.active = self.processing = False

    def clear(self) -> None:
        """Forget what was collected."""
        self.jobs.clear()

    def collect(self, job: _J) -> bool:
        """Note a job that is being saved; whether that is all that shall happen to it."""
        if self.active:
            self.jobs.append(job)
        if self.only_collects:
            job.collected(len(self.jobs))
        return self.only_collects
