"""Saves many jobs, a few hundred in each round trip. It checks all of them before it writes the first."""

from __future__ import annotations

import contextlib
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from redis.exceptions import ResponseError

from kue.common.describe import short_repr
from kue.connection.pool import refusal
from kue.errors import ConnectionFailed, InvalidOption, KueError, RedisRefused, SaveInterrupted, ShutdownInProgress
from kue.events.watcher import Watcher
from kue.jobs.indexing import finish_index
from kue.jobs.job import Job
from kue.runtime import Runtime
from kue.store.indexed_job import IndexedJob, ToSave, may_be_another

J = TypeVar("J", bound=Job)
_TYPE, _ID = operator.attrgetter("type"), operator.attrgetter("id")


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
    with _counted(runtime, batch, new_jobs):
        try:
            _write(runtime, batch, new_jobs, saved)
        except KueError as problem:
            raise SaveInterrupted(saved, problem) from problem
    return batch


@contextlib.contextmanager
def _counted(runtime: Runtime, jobs: Sequence[Job], new_jobs: Sequence[ToSave]) -> Iterator[None]:
    """Count the jobs before they are sent, since the counters may ride with them, and take back those not saved.

    A unique job is counted once it is saved, since another may hold its key. So is an indexed one.
    """
    plain: Sequence[Job] = jobs
    others: Sequence[Job] = ()
    if len(kinds := set(map(type, new_jobs))) > 1 or tuple not in kinds:
        pairs = list(zip(jobs, new_jobs, strict=True))
        plain = [job for job, new in pairs if new.__class__ is tuple]
        others = [job for job, new in pairs if new.__class__ is not tuple]
    for name, count in Counter(map(_TYPE, plain)).items():
        runtime.counters.of(name).created.append(count)
    try:
        yield
    finally:
        if None in map(_ID, plain):
            for job in plain:
                if job.id is None:
                    runtime.counters.of(job.type).created.append(-1)
        for job in others:
            if job.id is not None and not job.existing:
                runtime.counters.of(job.type).created.append(1)


def _write(runtime: Runtime, batch: Sequence[J], new_jobs: Sequence[ToSave], saved: list[J]) -> None:
    """Adds to `saved` the jobs that are known to be saved. Raises the first error once all replies are read."""
    trouble: Exception | None = None
    with _watching(runtime, batch, new_jobs) as watch:
        for job, reply in zip(batch, runtime.store.save_many(new_jobs), strict=False):
            try:
                if isinstance(reply, ResponseError):
                    raise refusal(reply) from reply
                job.saved(reply)
                saved.append(job)
                if watch is not None:
                    job.watch_saved(runtime.hub.watch if job.existing else watch)
            except Exception as problem:  # Redis has saved other jobs of the same round trip, which need their ids
                trouble = trouble or problem
    for job, new in zip(batch, new_jobs, strict=True):
        if isinstance(new, IndexedJob):
            finish_index(runtime, job.id, new, is_new=not job.existing)
    if trouble is not None:
        raise trouble


@contextlib.contextmanager
def _watching(
    runtime: Runtime, jobs: Sequence[Job], new_jobs: Sequence[ToSave]
) -> Iterator[Callable[[int, Watcher], None] | None]:
    """Around the save: gives the function that adds a watcher, or None if no job is watched."""
    if any(job.is_watched for job in jobs):
        with runtime.hub.saving(any(map(may_be_another, new_jobs))) as watch:
            yield watch
    else:
        yield None
