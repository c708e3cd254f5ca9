"""Fails active jobs from outside the process that runs them: it died, or lets a job run past its ttl."""

from __future__ import annotations

from collections.abc import Iterable

from kue.errors import JobInvalid
from kue.jobs.job import Job
from kue.jobs.retry import UnknownBackoff, retry_of
from kue.jobs.run_log import log_cancelled, log_failed, log_ghost
from kue.runtime import Runtime
from kue.store import codec
from kue.store.job_hash import JobHash
from kue.store.transitions import CANCELLED_REPLY_LENGTH, GHOST_REPLY_LENGTH, Failure, GhostOptions, Retry
from kue.store.worker_id import process_of


def fail_from_outside(
    runtime: Runtime,
    runs: Iterable[tuple[int, str, JobHash]],
    now: int,
    failure: Failure,
    *,
    mode: str,
    ttl_lock: str = "",
    dead_process: str = "",
) -> None:
    """Fail runs, given as id, worker and hash of their jobs, if they still hold them, and log each that was failed.

    Each job is tried again by its own attempts and backoff, or becomes a ghost if it asks for that at its ttl. If its
    hash cannot be read it is failed for good.
    """
    options = runtime.options
    failed, commands = [], []
    for id, worker, hash in runs:
        job, retry = _read(runtime, id, hash)
        failed.append((job, retry))
        ghosts = GhostOptions(options.ghost_retries, options.ghost_delay, process_of(worker) or "")
        command = runtime.store.transitions.fail(
            *(id, worker, job.type, now, failure, retry),
            mode=mode,
            ttl_lock=ttl_lock,
            dead_process=dead_process,
            ghosts=ghosts,
        )
        commands.append(command)
    for (job, retry), reply in zip(failed, runtime.store.ask(commands), strict=True):
        if isinstance(reply, list) and reply[0] == 1:
            duration = max(0, now - int(job.started_at or now))
            outcomes = runtime.counters.of(job.type).outcomes
            if len(reply) == GHOST_REPLY_LENGTH:
                outcomes["ghosts"].append(duration)
                log_ghost(job, duration, *reply[2:])
            elif len(reply) == CANCELLED_REPLY_LENGTH:
                outcomes["cancelled"].append(duration)
                log_cancelled(job, duration, codec.text(reply[2]))
            else:
                outcomes["failed" if codec.text(reply[1]) == "failed" else "retried"].append(duration)
                log_failed(job, duration, failure, retry)


def _read(runtime: Runtime, id: int, hash: JobHash) -> tuple[Job, Retry]:
    """The job, with what follows the failure. If its hash cannot be read: a job with its type only."""
    try:
        job = Job.from_hash(runtime, id, hash)
        return job, retry_of(job)
    except JobInvalid:
        return Job.from_hash(runtime, id, JobHash(type=hash.type or b"?")), Retry("failed")
    except UnknownBackoff:
        return job, Retry("failed")
