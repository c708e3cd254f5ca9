"""Lists the periodic duties of a process. The file of each duty says how often it runs."""

from __future__ import annotations

from kue.maintenance.promotion import Promotion
from kue.maintenance.purge import Purge
from kue.maintenance.recovery import Recovery
from kue.maintenance.stuck import StuckJobs
from kue.maintenance.ticker import Duty
from kue.maintenance.tokens import Tokens
from kue.maintenance.ttl import TtlCheck
from kue.maintenance.unindexing import Unindexing
from kue.maintenance.waiting import WaitingJobs
from kue.runtime import Runtime

STUCK_INTERVAL_MS = 2000


def stuck_job_duties(runtime: Runtime, interval: int = STUCK_INTERVAL_MS) -> list[Duty]:
    """The duties that put back missing tokens and stuck jobs, every `interval` ms."""
    store = runtime.store
    return [
        WaitingJobs(store, interval, [Tokens(store, interval), StuckJobs(store, interval, runtime.options.stuck_after)])
    ]


def working_duties(runtime: Runtime) -> list[Duty]:
    """The duties of every process that works."""
    options = runtime.options
    return [
        Promotion(
            runtime.store,
            runtime.error_reporter,
            options.promotion.interval,
            options.promotion.limit,
            options.promotion.lock_ttl,
        ),
        TtlCheck(runtime, options.promotion.interval, options.promotion.lock_ttl, options.promotion.limit),
        *stuck_job_duties(runtime),
        Recovery(runtime),
        Purge(runtime),
        Unindexing(runtime.store),
    ]
