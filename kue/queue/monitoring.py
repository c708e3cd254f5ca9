"""What a queue knows of the past and of its fleet: numbers by type, and the processes that work.

It asks Redis, and changes nothing but to add first what this process has counted.
"""

from __future__ import annotations

from datetime import timedelta

from kue.common.clock import milliseconds
from kue.options.values import ALL_TYPES, read_type
from kue.runtime import Runtime
from kue.stats.processes import Process, read_processes
from kue.stats.series import TypeStats, read_stats
from kue.store.stats import StatsReader

_LEAST_SINCE_MS = 1


class Monitoring:
    """A part of `Queue`. Every method may raise `ConnectionFailed` or `RedisRefused`."""

    runtime: Runtime

    def stats(
        self, since: int | float | timedelta = timedelta(hours=1), type: str | None = None
    ) -> dict[str, TypeStats]:
        """What happened to jobs lately, by type: a `TypeStats` for each, and under `*` one for all types together.

        `since` is how far back to look, in ms or as a `timedelta`; Redis keeps minutes for two hours, ten minutes for
        two days and hours for two weeks. The first slot may begin before that time. With a `type`, only that one is
        looked up. A type of which nothing was counted, and of which no job waits, is left out.

        Each Python process counts what it does itself, and adds it about once a second. Node counts nothing: a
        process with the argument `observe` of `kue.web.app` counts for it. Raises `InvalidOption`.
        """
        length = milliseconds("since", since, least=_LEAST_SINCE_MS)
        only = None if type is None or type == ALL_TYPES else read_type(type)
        store = self.runtime.store
        self.runtime.counters.flush()
        types = [*store.types(), ALL_TYPES] if type is None else [only or ALL_TYPES]
        found = read_stats(StatsReader(store), types, length, store.now())
        return found if only is None else {only: found.get(only) or TypeStats()}

    def processes(self) -> list[Process]:
        """The Python processes with workers: those that work, and those whose lease ran out in the last hour.

        One that was lost earlier is listed as long as no other process has put its jobs back.
        """
        return read_processes(StatsReader(self.runtime.store), self.runtime.store.now())
