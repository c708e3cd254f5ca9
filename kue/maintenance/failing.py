"""Fails an active job from outside the process that runs it: that process died, or lets the job run past its ttl."""

from __future__ import annotations

from kue.connection.connection import Command
from kue.errors import JobInvalid
from kue.jobs.job import Job
from kue.jobs.retry import UnknownBackoff, retry_of
from kue.runtime import Runtime
from kue.store import codec
from kue.store.job_hash import JobHash
from kue.store.transitions import Failure, Retry


def fail_from_outside(
    runtime: Runtime,
    id: int,
    worker: str,
    hash: JobHash,
    now: int,
    failure: Failure,
    *,
    mode: str,
    ttl_lock: str = "",
    dead_process: str = "",
) -> Command:
    """The command that fails the run of `worker`, if it still holds the job.

    The job is tried again by its own attempts and backoff. If its hash cannot be read it is failed for good.
    """
    try:
        retry = retry_of(Job.from_hash(runtime, id, hash))
    except (JobInvalid, UnknownBackoff):
        retry = Retry("failed")
    type = codec.text(hash.type or b"")
    return runtime.store.transitions.fail(
        id, worker, type, now, failure, retry, mode=mode, ttl_lock=ttl_lock, dead_process=dead_process
    )
