"""Changes many jobs of a queue at once: cancels, retries or removes them, a hundred in a script.

Each method asks for the ids of a state, page by page. A script looks at each job again, and leaves alone what has
changed. A job that is saved after the call stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Literal

from kue.jobs.active_run import flush_reports
from kue.jobs.cancelling import cancel_error, count_cancelled
from kue.options.typed import State
from kue.options.values import read_choice, read_state, read_type
from kue.runtime import Runtime
from kue.store.bulk import MAX_JOBS
from kue.store.bulk import Bulk as BulkStore

_CANCELLABLE: tuple[State, ...] = ("delayed", "inactive", "active")  # in this order, jobs move on from one to the next
_MAX_ID = 2**63
_RETRIABLE: tuple[State, ...] = ("failed", "complete", "delayed")


class Bulk:
    """A part of `Queue`. Every method may raise `InvalidOption`, `ConnectionFailed` or `RedisRefused`.

    If it breaks off, the jobs that were changed stay changed, and a second call does the rest.
    """

    runtime: Runtime

    def cancel_all(self, type: str, reason: str = "") -> int:
        """Cancel all jobs of a type that wait or run, each as `job.cancel` does. Returns how many.

        Those that have failed now count, and those whose process was told now. Jobs of Node workers stay as they are.
        """
        type, error = read_type(type), cancel_error(reason)
        bulk = BulkStore(self.runtime.store)

        def cancel(ids: list[int]) -> int:
            words = bulk.cancel(ids, error, type=type)
            return count_cancelled(self.runtime, words) + words.count("told")

        return sum(self._each_hundred(state, type, cancel) for state in _CANCELLABLE)

    def retry_all(self, state: Literal["failed", "complete", "delayed"] = "failed", type: str | None = None) -> int:
        """Queue all jobs that have failed, each as `job.inactive` does. Returns how many.

        With another state: those that are complete, or the delayed ones before their time. With a `type`: only its
        jobs. A job that a Node worker has just failed, and queues again itself, is left to it.
        """
        from_state, of_type = read_choice("state", state, _RETRIABLE), "" if type is None else read_type(type)
        bulk = BulkStore(self.runtime.store)
        return self._each_hundred(from_state, of_type, lambda ids: bulk.retry_jobs(ids, from_state, of_type))

    def remove_all(self, state: State, type: str | None = None) -> int:
        """Remove all jobs in a state, each as `job.remove` does. Returns how many. With a `type`: only its jobs.

        Jobs of Node workers stay as they are.
        """
        of_state, of_type = read_state(state), "" if type is None else read_type(type)
        bulk = BulkStore(self.runtime.store)
        return self._each_hundred(of_state, of_type, lambda ids: bulk.remove_jobs(ids, of_state, of_type))

    def _each_hundred(self, state: str, type: str, change: Callable[[list[int]], int]) -> int:
        """Make a change to all jobs in a state, and return the sum of what it returns."""
        flush_reports()
        last = self.runtime.store.last_id() or _MAX_ID
        ids: Iterator[int] = (id for id in self.runtime.store.each_id(state, type or None) if id <= last)
        changed = 0
        while batch := list(islice(ids, MAX_JOBS)):
            changed += change(batch)
        return changed
