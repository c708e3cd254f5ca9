"""Which duties there are: all of them in a process that works, those for stuck jobs wherever they are asked for."""

from __future__ import annotations

from kue.maintenance.promotion import Promotion
from kue.maintenance.recovery import Recovery
from kue.maintenance.stuck import StuckJobs
from kue.maintenance.ticker import Duty
from kue.maintenance.tokens import Tokens
from kue.maintenance.ttl import TtlCheck
from kue.runtime import Runtime

STUCK_INTERVAL = 2000


def stuck_job_duties(runtime: Runtime, interval: int = STUCK_INTERVAL) -> list[Duty]:
    """Missing tokens and stuck jobs, every `interval` ms."""
    return [Tokens(runtime.store, interval), StuckJobs(runtime.store, interval, runtime.options.stuck_after)]


def working_duties(runtime: Runtime) -> list[Duty]:
    """What every working process does."""
    options = runtime.options
    return [
        Promotion(
            runtime.store,
            runtime.error_reporter,
            options.promotion.interval,
            options.promotion.limit,
            options.promotion.lock_ttl,
        ),
        TtlCheck(runtime, options.promotion.interval, options.promotion.lock_ttl),
        *stuck_job_duties(runtime),
        Recovery(runtime),
    ]
