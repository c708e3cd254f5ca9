"""Gives a saved job another priority, for both APIs, and changes nothing else of the job."""

from __future__ import annotations

from typing import Any

from kue.jobs.job import Job
from kue.store import job_hash
from kue.store.identity import fence


def write_priority(job: Job, priority: Any) -> None:
    """Write a priority, a whole number or one of Kue's words, of a job that was read. Its words stay in the index.

    `Job.update` would index all of its data, also what its search keys keep out: the object that is read knows none,
    and those of a Node job are stored nowhere. The client named no data, so that it cannot mean that.

    Raises `InvalidOption`, `JobNotFound`, `ConnectionFailed` or `RedisRefused`.
    """
    job.priority(priority)
    store = job.runtime.store
    now = store.clock()
    changes = job_hash.option_effects(job.options, ("priority",), now)
    store.update(int(job.id or 0), now, changes, fence(job.created_at))
