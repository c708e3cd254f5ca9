"""The queue of kue_send, whose jobs have `send` and `promise`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Unpack

import kue
from kue_send.job import Job

if TYPE_CHECKING:
    from kue import State
    from kue.options.typed import Order


class Queue(kue.Queue):
    """As `kue.Queue`, but its jobs have `send` and `promise`."""

    job_class: ClassVar[type[kue.Job]] = Job

    if TYPE_CHECKING:  # a list of these jobs is no list of those of kue, to which a caller might add one

        def create(self, type: str, data: Any = None, **options: Unpack[kue.JobOptionsDict]) -> Job: ...

        create_job = create

        def get(self, id: int | str | None) -> Job: ...
        def range(self, start: int, stop: int, order: Order = "asc") -> list[Job]: ...  # type: ignore[override]
        def range_by_state(  # type: ignore[override]
            self, state: State, start: int, stop: int, order: Order = "asc"
        ) -> list[Job]: ...
        def range_by_type(  # type: ignore[override]
            self, type: str, state: State, start: int, stop: int, order: Order = "asc"
        ) -> list[Job]: ...
