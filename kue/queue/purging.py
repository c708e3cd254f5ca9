"""What a queue does about jobs that have ended: it removes those that are too old or too many, at a call."""

from __future__ import annotations

from datetime import timedelta

from kue.common.clock import milliseconds
from kue.errors import InvalidOption
from kue.maintenance.purge import purge
from kue.options.purging import Limits, read_end_state, read_keep_count
from kue.options.typed import EndState
from kue.options.values import read_type
from kue.runtime import Runtime
from kue.store.indexing import Indexing


class PurgingCalls:
    """A part of `Queue`. Processes with handlers purge by themselves what the options `purge` and `keep` name."""

    runtime: Runtime

    def purge(
        self,
        state: EndState,
        older_than: int | float | timedelta | None = None,
        keep: int | None = None,
        type: str | None = None,
    ) -> int:
        """Remove jobs that are complete or have failed, of one type or all. Returns how many.

        Those go that ended longer ago than `older_than` (milliseconds or a timedelta), and of each type all but the
        newest `keep`. At least one of both must be given. Redis is free for others between two steps of a hundred jobs.
        Jobs that change meanwhile are left alone, and so are those that a Node worker has completed in the last second
        or failed in the last five, since it still writes to them. No events are published.

        Raises `InvalidOption`, `ConnectionFailed` or `RedisRefused`. What was removed before stays removed.
        """
        state_read = read_end_state(state)
        limits = Limits(
            None if older_than is None else milliseconds("older_than", older_than),
            None if keep is None else read_keep_count("keep", keep),
        )
        if limits == Limits():
            raise InvalidOption("purge needs older_than or keep, or both; keep=0 removes all jobs in that state")
        runtime = self.runtime
        types = runtime.store.types() if type is None else [read_type(type)]
        places = [(one, state_read, limits) for one in types]
        removed = sum(purge(runtime.store, runtime.error_reporter, places, runtime.store.now()))
        indexing = Indexing(runtime.store)
        while indexing.clean():  # words that were too many for the script: this process may have no periodic duties
            pass
        return removed
