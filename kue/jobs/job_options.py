"""The methods of a job that read and set its options, one for each row of `JOB_OPTIONS` for jobs of kue."""

from __future__ import annotations

from typing import Any

from kue.jobs.option_methods import OptionMethod
from kue.jobs.unique import UniqueMethod
from kue.options.job import delay_left
from kue.options.typed import BackoffDict, Delay, Duration, PriorityName, UniqueDict


class JobOptions:
    """A part of `Job`."""

    priority = OptionMethod[int | PriorityName, int](
        "The lowest priority runs first: critical -15, high -10, medium -5, normal 0, low 10, or any whole number."
    )
    attempts = OptionMethod[int, int]("How often the job may run at most, the first run included. The default is 1.")
    backoff = OptionMethod[bool | BackoffDict, Any](
        'How long to wait before the next attempt: {"type": "fixed" or "exponential", "delay": ms, "max_delay": ms}, '
        "or True for the job's own delay. Without a backoff the job is queued again at once."
    )
    delay = OptionMethod[Delay, int | None](
        "When the job may run: an aware datetime, or milliseconds or a timedelta, which count from the `save`, the "
        "`update` or the change of state that writes them. Without an argument: milliseconds.",
        read=lambda job, delay: delay_left(delay, job.runtime.store.clock()),
    )
    ttl = OptionMethod[Duration, int | None](
        "How long a run may take: milliseconds or a timedelta. Each call of `progress` gives it the full time again."
    )
    remove_on_complete = OptionMethod[bool, bool]("Whether the job is removed when it completes.")
    search_keys = OptionMethod[list[str] | tuple[str, ...] | str, list[str] | None](
        "What of the data full-text search finds: dotted paths, such as `user.name`, or one of them; without any, all "
        "of it. It counts at the save, and at each update of this object, if the queue has `disable_search=False`."
    )
    events = OptionMethod[bool, bool](
        "Whether this object receives the events of its job. The default is the queue's `job_events`.",
        lambda job: job.runtime.options.job_events,
    )
    unique = UniqueMethod[str | bool | UniqueDict, UniqueDict | None](
        "The key that no other waiting or running job may have, or True for a key of type and data. Keywords: `until` "
        '("ended", or "started": only while it waits), `within` (milliseconds or a timedelta: at most one job for the '
        "key in that time), `replace` (True: a waiting job gets the new data and delay). Only before the save."
    )
    ghost_on_ttl = OptionMethod[bool, bool](
        "Whether a run that is ended at its ttl makes the job a ghost: it goes back, and no attempt is used up.",
        lambda job: job.untaken_option("ghost_on_ttl", False),
    )
    ghost_retries = OptionMethod[int, int](
        "How often the job goes back as a ghost, after its process died or, with `ghost_on_ttl`, at its ttl. The "
        "default is the queue's `ghost_retries`.",
        lambda job: job.untaken_option("ghost_retries", job.runtime.options.ghost_retries),
    )
    ghost_delay = OptionMethod[Duration, int](
        "How long a ghost waits: milliseconds or a timedelta. The default is the queue's `ghost_delay`.",
        lambda job: job.untaken_option("ghost_delay", job.runtime.options.ghost_delay),
    )
    remove_on_fail = OptionMethod[bool, bool](
        "Whether the job is removed if it fails for good.", lambda job: job.untaken_option("remove_on_fail", False)
    )
