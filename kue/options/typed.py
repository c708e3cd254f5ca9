"""The options of a queue and of a job as types, so that a type checker reports a wrong name or value.

Type checkers read only what stands in a file, so these types repeat the tables in `job.py` and `queue.py`. A test
compares both, and reads the types at run time, for which they must not be postponed (no `annotations` from
`__future__`). What a type cannot say, such as that a number is not negative, only the checks of the tables say.
"""

import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, Required, TypedDict

__all__ = [
    "BackoffDict",
    "ConfigureDict",
    "EndState",
    "JobFlagsDict",
    "JobOptionsDict",
    "KeepDict",
    "PriorityName",
    "PromotionDict",
    "PurgeDict",
    "QueueOptionsDict",
    "RedisDict",
    "State",
    "UniqueDict",
]

State = Literal["inactive", "active", "complete", "failed", "delayed"]
EndState = Literal["complete", "failed"]
PriorityName = Literal["low", "normal", "medium", "high", "critical"]
BackoffType = Literal["fixed", "exponential"]
Order = Literal["asc", "desc"]
Until = Literal["ended", "started"]
Duration = int | float | timedelta
"""A number of milliseconds, or a timedelta."""
Delay = Duration | datetime
"""Until when: a duration from now, or an aware datetime."""


class BackoffDict(TypedDict, total=False):
    """How long to wait before the next attempt. `maxDelay` is Kue's name for `max_delay`."""

    type: Required[BackoffType]
    delay: Duration | None
    max_delay: Duration | None
    maxDelay: Duration | None
    jitter: int | float | Literal["full"] | None


class UniqueDict(TypedDict, total=False):
    """A unique key with what it means; True makes the key of the job's type and data."""

    key: Required[str | Literal[True]]
    until: Until
    within: Duration | None
    replace: bool


class JobOptionsDict(TypedDict, total=False):
    """The options of a job: the keywords of `create`, and what `job_flags` has for a type. None means the default.

    Only jobs of kue_send have the options that begin with `hotjob`.
    """

    priority: int | PriorityName | None
    attempts: int | None
    backoff: bool | BackoffDict | None
    delay: Delay | None
    ttl: Duration | None
    remove_on_complete: bool | None
    search_keys: list[str] | tuple[str, ...] | str | None
    events: bool | None
    unique: str | bool | UniqueDict | None
    ghost_on_ttl: bool | None
    ghost_retries: int | None
    ghost_delay: Duration | None
    hotjob: bool | None
    hotjob_timeout: Duration | None
    remove_on_fail: bool | None


class PurgeDict(TypedDict, total=False):
    """For how long jobs that have ended are kept, by state. None means no limit."""

    complete: Duration | None
    failed: Duration | None


class KeepDict(TypedDict, total=False):
    """How many jobs that have ended are kept, by state, the newest of each type. None means no limit."""

    complete: int | None
    failed: int | None


class JobFlagsDict(JobOptionsDict, total=False):
    """What `job_flags` has for a type: options of its jobs, and how long they are kept."""

    purge: PurgeDict | None
    keep: KeepDict | None


class PromotionDict(TypedDict, total=False):
    """The queue option `promotion`: how due jobs are found."""

    interval: Duration
    limit: int
    lock_ttl: Duration


class QueueOptionsDict(TypedDict, total=False):
    """The options of a queue apart from `redis`: the keywords of `create_queue` and of `Queue`."""

    name: str
    prefix: str
    promotion: PromotionDict | None
    disable_search: bool
    job_events: bool
    job_flags: Mapping[str, JobFlagsDict | None] | None
    lease: Duration
    ghost_retries: int
    ghost_delay: Duration
    max_requeues: int | None
    stuck_after: Duration
    max_connections: int
    connect_timeout: Duration | None
    answer_timeout: Duration | None
    json_default: Callable[[Any], Any] | None
    job_defaults: JobOptionsDict | None
    stats: bool
    purge: PurgeDict | None
    keep: KeepDict | None


class ConfigureDict(TypedDict, total=False):
    """The options of a queue that `queue.configure` changes at run time."""

    job_flags: Mapping[str, JobFlagsDict | None] | None
    job_defaults: JobOptionsDict | None


class RedisDict(TypedDict, total=False):
    """The queue option `redis` as Kue's dict. None or an empty string means the default."""

    host: str | None
    port: int | str | None
    db: int | str | None
    auth: str | None
    socket: str | os.PathLike[str] | None
    options: Mapping[str, Any] | None
