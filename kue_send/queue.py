"""The queue of kue_send, whose jobs have `send` and `promise`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Unpack

import kue
from kue_send.job import Job

if TYPE_CHECKING:
    from datetime import datetime, timedelta, tzinfo
    from typing import Literal

    from kue import State
    from kue.options.typed import Order

    class Schedule(kue.Schedule):
        """The class of kue. Type checkers see that its jobs are those of kue_send."""

        def trigger(self) -> Job: ...

else:
    Schedule = kue.Schedule


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
        def every(
            self,
            when: str | int | float | timedelta,
            job: kue.Job,
            *,
            name: str | None = None,
            tz: str | tzinfo | None = None,
            start: datetime | None = None,
            until: datetime | None = None,
            times: int | None = None,
            catch_up: Literal["last", "all", "skip"] = "last",
            overlap: Literal["allow", "skip"] = "allow",
        ) -> Schedule: ...
        def schedules(self) -> dict[str, Schedule]: ...  # type: ignore[override]
