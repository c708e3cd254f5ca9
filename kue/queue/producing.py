"""What a queue does for producers: creates jobs, saves many at once, collects them in test mode."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from kue.jobs.job import Job
from kue.jobs.saving import save_all
from kue.runtime import Runtime
from kue.test_mode import TestMode

_J = TypeVar("_J", bound=Job)


class Producing:
    """A part of `Queue`."""

    job_class: ClassVar[type[Job]] = Job
    runtime: Runtime

    def create(self, type: str, data: Any = None, **options: Any) -> Job:
        """A new job, not yet saved. Raises `InvalidOption`, `UnknownOption`."""
        return self.job_class.create(self.runtime, type, data, options)

    create_job = create

    def save_all(self, jobs: Iterable[_J]) -> list[_J]:
        """Save many new jobs, a few hundred in each round trip; their ids are in order.

        Raises `InvalidJobData` before anything is written, and `SaveInterrupted`, whose `saved` holds what was saved.
        """
        return save_all(self.runtime, jobs)

    @property
    def test_mode(self) -> TestMode[Job]:
        """Collects jobs instead of saving them: `enter`, `exit`, `clear`, `jobs`."""
        return self.runtime.test_mode
