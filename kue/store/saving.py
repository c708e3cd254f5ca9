"""Saves new jobs in Redis: one in a round trip, or some hundred.

A script saves all of its jobs or none. A job with a unique key has a script of its own, which may find that another job
stands for the key already.
"""

from __future__ import annotations

import contextlib
import itertools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from redis.exceptions import ResponseError

from kue.connection.pool import ConnectionPool, is_transient, refusal
from kue.errors import ConnectionFailed, RedisRefused, SaveInDoubt
from kue.store.keys import UNIQUE_TYPE
from kue.store.queries import Queries
from kue.store.transitions import NewJob, Transitions
from kue.store.unique_job import ExistingJob, UniqueJob, read_saved

_MAX_JOBS_PER_ROUND_TRIP = 500
_MAX_JOBS_PER_SCRIPT = 50
_MAX_BYTES_PER_SCRIPT = 64_000  # roughly, so that no script blocks Redis for long

_FIRST = operator.itemgetter(0)  # the type of a plain job, the key of a unique one

Saved = int | ExistingJob
_Part = Sequence[NewJob] | UniqueJob


class Saving(Queries):
    """A part of `Store`."""

    def __init__(self, connections: ConnectionPool, prefix: str, clock: Callable[[], int] | None = None) -> None:
        super().__init__(connections, prefix, clock)
        self.transitions = Transitions(self.keys)

    def save(self, job: NewJob | UniqueJob) -> Saved:
        """Save a new job and return its id, or the job that stands for its unique key already.

        Raises `SaveInDoubt` if the connection broke before the reply.
        """
        if isinstance(job, UniqueJob):
            with in_doubt("the job"):
                reply = self._read_saved(self.connections.call(*self.transitions.save_unique(job)))
            if isinstance(reply, ResponseError):
                raise refusal(reply)
            return reply
        if job[0] == UNIQUE_TYPE:
            self.refuse_type_of_unique_keys()
        with in_doubt("the job"):
            return int(self.connections.call(*self.transitions.save(job)))

    def save_many(self, jobs: Sequence[NewJob | UniqueJob]) -> Iterator[Saved | ResponseError]:
        """Save new jobs, some hundred in a round trip. Yields what `save` returns, or the error of Redis, for each.

        It stops after a round trip in which Redis refused a job. Raises `SaveInDoubt` as `save` does.
        """
        if UNIQUE_TYPE in map(_FIRST, jobs) and any(_has_that_type(job) for job in jobs):
            self.refuse_type_of_unique_keys()
        for start in range(0, len(jobs), _MAX_JOBS_PER_ROUND_TRIP):
            replies = self._save_batch(jobs[start : start + _MAX_JOBS_PER_ROUND_TRIP])
            yield from replies
            if any(isinstance(reply, ResponseError) for reply in replies):
                return

    def refuse_type_of_unique_keys(self) -> None:
        """Raises `RedisRefused` if there are unique keys, where the tokens of the type `unique` would be."""
        if self.connections.call("TYPE", self.keys.unique) == b"hash":
            raise RedisRefused(self._conflict(f"no job can have the type {UNIQUE_TYPE!r}"))

    def _save_batch(self, jobs: Sequence[NewJob | UniqueJob]) -> list[Saved | ResponseError]:
        """A script saves all of its jobs or none. If one job may be the reason for a refusal, each is saved alone."""
        parts = _parts(jobs)
        transitions = self.transitions
        with in_doubt("each job of the last round trip"):
            replies = self.connections.run(
                [
                    transitions.save_unique(part) if isinstance(part, UniqueJob) else transitions.save(*part)
                    for part in parts
                ]
            )
        saved: list[Saved | ResponseError] = []
        for part, reply in zip(parts, replies, strict=True):
            if isinstance(part, UniqueJob):
                saved.append(reply if isinstance(reply, ResponseError) else self._read_saved(reply))
            elif not isinstance(reply, ResponseError):
                saved += range(reply, reply + len(part))
            elif len(part) == 1 or is_transient(reply):
                saved += [reply] * len(part)
            else:
                with in_doubt("each job of the last round trip"):
                    saved += self.connections.run([transitions.save(job) for job in part])
        return saved

    def _read_saved(self, reply: object) -> Saved | ResponseError:
        saved = read_saved(reply)
        return ResponseError(self._conflict("no job can have a unique key")) if saved is None else saved

    def _conflict(self, consequence: str) -> str:
        key = self.keys.unique
        return (
            f"{consequence} under the prefix {self.keys.prefix!r}: the unique keys and the tokens of the type "
            f"{UNIQUE_TYPE!r} have the same key in Redis, {key}, and the other of the two came first"
        )


def _has_that_type(job: NewJob | UniqueJob) -> bool:
    return not isinstance(job, UniqueJob) and job[0] == UNIQUE_TYPE


def _parts(jobs: Sequence[NewJob | UniqueJob]) -> list[_Part]:
    """The jobs in parts, each of as many as one script can save without blocking Redis for long."""
    parts: list[_Part] = []
    for kind, group in itertools.groupby(jobs, type):
        alike: list[Any] = list(group)
        parts += alike if kind is UniqueJob else _plain_parts(alike)
    return parts


def _plain_parts(jobs: Sequence[Any]) -> Iterator[Sequence[NewJob]]:
    start = size = 0
    for i, job in enumerate(jobs):
        own = len(job[0]) + len(job[2])
        if i > start and (i - start == _MAX_JOBS_PER_SCRIPT or size + own > _MAX_BYTES_PER_SCRIPT):
            yield jobs[start:i]
            start, size = i, 0
        size += own
    yield jobs[start:]


@contextlib.contextmanager
def in_doubt(which: str) -> Iterator[None]:
    """Raise `SaveInDoubt` instead of a `ConnectionFailed` after which `which` may have been saved."""
    try:
        yield
    except ConnectionFailed as broken:
        if not broken.sent:
            raise
        problem = f"{broken}; {which} may or may not have been saved, and was not sent again"
        raise SaveInDoubt(problem, sent=True) from broken
