"""The queue of kue_send, whose jobs have `send` and `promise`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Unpack

import kue
from kue_send.job import Job


class Queue(kue.Queue):
    """As `kue.Queue`, but its jobs have `send` and `promise`."""

    job_class: ClassVar[type[kue.Job]] = Job

    if TYPE_CHECKING:

        def create(self, type: str, data: Any = None, **options: Unpack[kue.JobOptionsDict]) -> Job: ...

        create_job = create
