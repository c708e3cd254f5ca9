"""What a job knows of the recurring job that it was saved for: the name of the schedule, and the planned time.

A fetched job read both with the rest of its hash. A job that a worker took did not: they are read when a handler asks.
"""

from __future__ import annotations

from kue.jobs.active_run import ActiveRun
from kue.options.values import parse_number
from kue.runtime import Runtime
from kue.store.codec import text
from kue.store.job_hash import JobHash


class Planned:
    """A part of `Job`."""

    runtime: Runtime
    id: int | None
    stored_hash: JobHash | None
    active_run: ActiveRun | None
    _plan: tuple[str | None, int | None] | None = None

    @property
    def schedule_name(self) -> str | None:
        """The name of the schedule that saved this job; None if none did.

        In a handler, `schedule_name` and `planned_at` are read from Redis when one of them is first asked for. That
        raises `ConnectionFailed` or `RedisRefused` if it fails.
        """
        return self._read_plan()[0]

    @property
    def planned_at(self) -> int | None:
        """When the job was due by its schedule, in ms since the epoch; None if no schedule saved it."""
        return self._read_plan()[1]

    def _read_plan(self) -> tuple[str | None, int | None]:
        if self._plan is None:
            held = self.stored_hash
            if held is None or self.id is None:
                return None, None
            name, tick = held.py_schedule, held.py_tick
            if self.active_run is not None:
                [(name, tick)] = self.runtime.store.fields([self.id], ("py_schedule", "py_tick"))
            planned = parse_number(tick)
            self._plan = None if name is None else text(name), None if planned is None else int(planned)
        return self._plan
