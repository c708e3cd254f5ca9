"""Saves many jobs, a few hundred in each round trip. It checks all of them before it writes the first."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from redis.exceptions import ResponseError

from kue.common.describe import short_repr
from kue.connection.pool import refusal
from kue.errors import ConnectionFailed, InvalidOption, KueError, RedisRefused, SaveInterrupted, ShutdownInProgress
from kue.events.watcher import Watcher
from kue.jobs.job import Job
from kue.runtime import Runtime

J = TypeVar("J", bound=Job)


def save_all(runtime: Runtime, jobs: Iterable[J]) -> list[J]:
    """Save new jobs, ids in order. Before it writes it may raise `InvalidJobData`, after that `SaveInterrupted`."""
    if not isinstance(jobs, Iterable):
        raise InvalidOption(f"save_all takes jobs that are not saved yet, not {short_repr(jobs)}")
    batch = list(jobs)
    for job in batch:
        if not isinstance(job, Job) or job.id is not None:
            raise InvalidOption(f"save_all takes jobs that are not saved yet, not {short_repr(job)}")
        if job.runtime is not runtime:
            raise InvalidOption(f"save_all takes jobs of its own queue, not {short_repr(job)} of another")
    if len({id(job) for job in batch}) != len(batch):
        raise InvalidOption("save_all was given the same job twice")
    if any([runtime.test_mode.collect(job) for job in batch]):
        return batch
    saved: list[J] = []
    try:
        now = runtime.store.now()
        new_jobs = [job.as_new(now) for job in batch]
    except (ConnectionFailed, RedisRefused, ShutdownInProgress) as problem:  # the first save asks for the time
        raise SaveInterrupted(saved, problem) from problem
    try:
        with _watching(runtime, batch) as watch:
            refused: ResponseError | None = None
            for job, reply in zip(batch, runtime.store.save_many(new_jobs), strict=False):
                if isinstance(reply, ResponseError):
                    refused = refused or reply  # Redis may have saved other jobs of the same round trip
                    continue
                job.saved(reply)
                saved.append(job)
                if watch is not None:
                    job.watch_saved(runtime.hub.watch if job.existing else watch)
            if refused is not None:
                raise refusal(refused)
    except KueError as problem:
        raise SaveInterrupted(saved, problem) from problem
    return batch


@contextlib.contextmanager
def _watching(runtime: Runtime, jobs: Sequence[Job]) -> Iterator[Callable[[int, Watcher], None] | None]:
    """Around the save: gives the function that adds a watcher, or None if no job is watched."""
    if any(job.is_watched for job in jobs):
        with runtime.hub.saving() as watch:
            yield watch
    else:
        yield None
