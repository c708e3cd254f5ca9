"""What a job object shows of the runs of its job: each with its outcome, and what they come to.

A job that a handler runs was taken without some fields, the history among them. They are read from Redis when they are
first asked for.
"""

from __future__ import annotations

from typing import Any

from redis.exceptions import ResponseError

from kue.connection.pool import refusal
from kue.jobs.active_run import ActiveRun
from kue.jobs.fields import Fields
from kue.runtime import Runtime
from kue.store import job_hash, run_history
from kue.store.job_hash import JobHash
from kue.store.run_history import RunRecord


class History(Fields):
    """A part of `Job`. It shows what Redis held when the job was read, and in a handler, when it was first asked."""

    runtime: Runtime
    id: int | None
    active_run: ActiveRun | None
    set_options: set[str] | None

    @property
    def runs(self) -> list[RunRecord]:
        """The runs of the job, the oldest first.

        Each is a dict with `run` (its number), `attempt`, `worker`, `start`, `duration` (ms), `outcome` and `error`
        (one line). Of the runs that did not complete the job, the oldest are dropped if there are many. In a handler it
        asks Redis, and raises `ConnectionFailed` or `RedisRefused`.
        """
        return run_history.runs_of(self._whole_hash())

    @property
    def total_process_time(self) -> int:
        """How long all runs that have ended took together, in milliseconds, those that `runs` has dropped included.

        Of the runs of Node workers only the last counts, as in `runs`. In a handler it asks Redis, as `runs` does.
        """
        return run_history.process_time(self._whole_hash())

    @property
    def finished(self) -> bool:
        """Whether the job is complete, or has failed for good."""
        return self._state in ("complete", "failed")

    @property
    def success(self) -> bool | None:
        """True if the job is complete, False if it has failed for good, None if it has not finished."""
        return self._state == "complete" if self.finished else None

    @property
    def finished_at(self) -> int | float | None:
        """When the job completed or failed, in ms since the epoch.

        None if it has not finished, if no worker had it, or if it was moved to `complete` by hand after its last run.
        """
        if self._state == "failed":
            return self.failed_at
        if self._state == "complete" and self.stored_hash is not None:
            return run_history.completed_at(self.stored_hash)
        return None

    def untaken_option(self, name: str, default: Any) -> Any:
        """The value of an option that is not set on this object. In a handler `take` has not read these."""
        if self.active_run is None or name in (self.set_options or ()):
            return default
        return job_hash.read_options(self._whole_hash()).get(name, default)

    def _whole_hash(self) -> JobHash:
        """The hash with the fields that `take` does not read: in a handler it is read again, once for each write."""
        if self.active_run is not None and self._read_again is None:
            found = self.runtime.store.hashes([self.id or 0])[0]
            if isinstance(found, ResponseError):
                raise refusal(found) from found
            self._read_again = found
        return self._read_again or self.stored_hash or JobHash()
