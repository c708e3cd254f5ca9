"""Kue's test mode: it collects saved jobs in a list, for assertions, instead of writing them to Redis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, Protocol, TypeVar

from kue.common.names import with_kue_names


class Collectable(Protocol):
    """The part of a job that test mode uses."""

    def collected(self, id: int) -> None:
        """Note that test mode has the job instead of Redis."""

    def joins(self, collected: Iterable[Any], /) -> bool:
        """Become one of the jobs that were collected before, if it holds the unique key. Returns whether one does."""
        ...


_J = TypeVar("_J", bound=Collectable)


@with_kue_names
class TestMode(Generic[_J]):
    """`queue.test_mode`: `enter`, `exit`, `clear`, and the list `jobs`."""

    __test__ = False  # pytest would collect a class of this name

    def __init__(self) -> None:
        self.jobs: list[_J] = []
        self.active = False
        self.processing = False

    @property
    def only_collects(self) -> bool:
        """Whether saved jobs are kept out of Redis."""
        return self.active and not self.processing

    def enter(self, process: bool = False) -> None:
        """Collect the jobs that are saved from now on. With `process` they are also written to Redis, and run."""
        self.active, self.processing = True, process

    def exit(self) -> None:
        """Save jobs normally again. The list `jobs` stays until `clear`."""
        self.active = self.processing = False

    def clear(self) -> None:
        """Empty the list `jobs`."""
        self.jobs.clear()

    def collect(self, job: _J) -> bool:
        """Collect a job that is being saved, in test mode. Returns whether it must be kept out of Redis."""
        if not self.active:
            return False
        if self.only_collects and job.joins(self.jobs):
            return True
        self.jobs.append(job)
        if self.only_collects:
            job.collected(len(self.jobs))
        return self.only_collects

    def leave_out(self, job: object) -> None:
        """Forget a job that was collected before its save found another one, which holds its unique key."""
        if self.active:
            self.jobs[:] = [other for other in self.jobs if other is not job]
