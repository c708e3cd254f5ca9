"""What `save_unique` takes and answers: a new job with its unique key, and the job that stands for the key already."""

from __future__ import annotations

from typing import Any, NamedTuple

from kue.connection.connection import Argument
from kue.options.unique import Unique
from kue.store.job_hash import JobHash, from_pairs
from kue.store.transitions import NewJob


class UniqueJob(tuple[Argument, ...]):
    """A new job with a unique key, as `save_unique` takes it. `unique_job` makes it."""

    __slots__ = ()


def unique_job(unique: Unique, job: NewJob) -> UniqueJob:
    """What the script needs to know about the key, then the job."""
    return UniqueJob((unique.key, unique.within or "", "1" if unique.replace else "", *job))


class ExistingJob(NamedTuple):
    """The job that stands for a unique key; `hash` is None if it is gone by now."""

    id: int
    hash: JobHash | None


def read_saved(reply: Any) -> int | ExistingJob | None:
    """The id of the new job, or the job that stands already; None if a type has the key of all unique keys."""
    if len(reply) == 1:
        return int(reply[0]) if reply[0] else None
    id, pairs = reply
    hash = from_pairs(pairs) if pairs else None
    return ExistingJob(int(id), hash if hash is not None and hash.type else None)
