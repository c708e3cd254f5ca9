"""What a queue does for producers: creates jobs, saves many at once, collects them in test mode."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar, Unpack

from kue.jobs.job import Job
from kue.jobs.saving import save_all
from kue.options.typed import JobOptionsDict
from kue.runtime import Runtime
from kue.test_mode import TestMode

_J = TypeVar("_J", bound=Job)


class Producing:
    """A part of `Queue`."""

    job_class: ClassVar[type[Job]] = Job
    runtime: Runtime

    def create(self, type: str, data: Any = None, **options: Unpack[JobOptionsDict]) -> Job:
        """Make a job without saving it; `options` are the options of a job, such as `priority="high"`.

        Raises `InvalidOption`, or `UnknownOption` for an option that does not exist.
        """
        return self.job_class.create(self.runtime, type, data, options)

    create_job = create

    def save_all(self, jobs: Iterable[_J]) -> list[_J]:
        """Save many new jobs, a few hundred in each round trip. Returns the jobs; their ids are in order.

        Raises `InvalidOption` or `InvalidJobData` before anything is written. If Redis fails, it raises
        `SaveInterrupted`, whose `saved` lists the jobs that were saved.
        """
        return save_all(self.runtime, jobs)

    @property
    def test_mode(self) -> TestMode[Job]:
        """Test mode, which collects jobs instead of saving them: `enter`, `exit`, `clear` and the list `jobs`."""
        return self.runtime.test_mode
