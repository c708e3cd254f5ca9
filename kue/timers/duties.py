"""Which duties there are: all of them in a process that works, those for stuck jobs wherever they are asked for."""

from __future__ import annotations

from kue.jobs.home import Home
from kue.timers.promotion import Promotion
from kue.timers.recovery import Recovery
from kue.timers.stuck import StuckJobs
from kue.timers.ticker import Duty
from kue.timers.tokens import Tokens
from kue.timers.ttl import TtlCheck

STUCK_INTERVAL = 2000


def stuck_job_duties(home: Home, interval: int = STUCK_INTERVAL) -> list[Duty]:
    """Missing tokens and stuck jobs, every `interval` ms."""
    return [Tokens(home.store, interval), StuckJobs(home.store, interval, home.options.stuck_after)]


def working_duties(home: Home) -> list[Duty]:
    """What every working process does."""
    options = home.options
    return [
        Promotion(home.store, home.trouble, options.promotion_interval, options.promotion_limit, options.lock_ttl),
        TtlCheck(home, options.promotion_interval, options.lock_ttl),
        *stuck_job_duties(home),
        Recovery(home),
    ]
