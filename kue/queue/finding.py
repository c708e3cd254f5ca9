"""Finds the saved jobs of one queue: the class methods of `Job`, as methods of the queue, and full-text search."""

from __future__ import annotations

from typing import ClassVar

from kue.jobs.job import Job
from kue.options.typed import Order, State
from kue.queue.searching import Searching
from kue.runtime import Runtime


class Finding(Searching):
    """A part of `Queue`. Each method but `search` is that of `Job` of its name, for this queue, and raises the same."""

    job_class: ClassVar[type[Job]]
    runtime: Runtime

    def get(self, id: int | str | None) -> Job:
        """Read the job with this id, as `Job.get` does. Raises `JobNotFound`, `JobInvalid` or `InvalidOption`."""
        return self.job_class.get(id, queue=self)

    def get_log(self, id: int | str | None) -> list[str]:
        """The lines of a job's log, as `Job.get_log` gives them."""
        return self.job_class.get_log(id, queue=self)

    def remove_by_id(self, id: int | str | None) -> None:
        """Remove the job with this id, as `Job.remove_by_id` does. Raises `JobNotFound` or `InvalidOption`."""
        self.job_class.remove_by_id(id, queue=self)

    def cancel_by_id(self, id: int | str | None, reason: str = "") -> State:
        """Cancel the job with this id, as `Job.cancel_by_id` does. Raises `JobNotFound` or `HeldByNode`."""
        return self.job_class.cancel_by_id(id, reason, queue=self)

    def range(self, start: int, stop: int, order: Order = "asc") -> list[Job]:
        """The jobs at positions `start` to `stop` among all jobs, as `Job.range` gives them."""
        return self.job_class.range(start, stop, order, queue=self)

    def range_by_state(self, state: State, start: int, stop: int, order: Order = "asc") -> list[Job]:
        """As `range`, among the jobs in a state."""
        return self.job_class.range_by_state(state, start, stop, order, queue=self)

    def range_by_type(self, type: str, state: State, start: int, stop: int, order: Order = "asc") -> list[Job]:
        """As `range`, among the jobs of a type in a state."""
        return self.job_class.range_by_type(type, state, start, stop, order, queue=self)
