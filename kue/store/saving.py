"""Saves new jobs in Redis: one in a round trip, or some hundred.

A script saves all of its jobs or none. A job with a unique key has a script of its own, which may find that another job
stands for the key already. So has a job with words for the full-text index.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import Any, Protocol

from redis.exceptions import ResponseError

from kue.connection.connection import Command
from kue.connection.pool import ConnectionPool, is_transient, refusal
from kue.errors import ConnectionFailed, KueError, RedisRefused, SaveInDoubt
from kue.store.indexed_job import IndexedJob, ToSave
from kue.store.keys import UNIQUE_TYPE
from kue.store.queries import Queries
from kue.store.transitions import NewJob, Transitions
from kue.store.unique_job import ExistingJob, UniqueJob, read_saved

_MAX_JOBS_PER_ROUND_TRIP = 500
_MAX_JOBS_PER_SCRIPT = 50
_MAX_BYTES_PER_SCRIPT = 64_000  # roughly, so that no script blocks Redis for long

_FIRST = operator.itemgetter(0)  # the type of a plain job, the key of a unique one; of an indexed one, too
_DATA = operator.itemgetter(2)  # of a plain job

Saved = int | ExistingJob
_Part = Sequence[NewJob] | UniqueJob | IndexedJob


class Rider(Protocol):
    """Something that sends commands of its own in the round trip of a save. It reports its own failures."""

    due_at: float
    """When it has something to send next, in seconds of the monotonic clock."""

    def commands(self) -> Sequence[Command]:
        """What to send now."""
        ...

    def answered(self, replies: Sequence[Any]) -> None:
        """The replies to these commands. The reply to a refused one is a `ResponseError`."""
        ...

    def missed(self, *, sent: bool) -> None:
        """There are no replies. If the commands were `sent`, Redis may have carried them out."""
        ...


class Saving(Queries):
    """A part of `Store`."""

    rider: Rider | None = None
    """What has something to send now and then, in the round trip of a save."""

    def __init__(self, connections: ConnectionPool, prefix: str, clock: Callable[[], int] | None = None) -> None:
        super().__init__(connections, prefix, clock)
        self.transitions = Transitions(self.keys)

    def save(self, job: ToSave) -> Saved:
        """Save a new job and return its id, or the job that stands for its unique key already.

        Raises `SaveInDoubt` if the connection broke before the reply.
        """
        if _has_that_type(job):
            self.refuse_type_of_unique_keys()
        if isinstance(job, (UniqueJob, IndexedJob)):
            with InDoubt("the job"):
                reply = self._read_saved(self._call(self._save_alone(job)))
            if isinstance(reply, ResponseError):
                raise refusal(reply)
            return reply
        with InDoubt("the job"):
            return int(self._call(self.transitions.save(job)))

    def _save_alone(self, job: UniqueJob | IndexedJob) -> Command:
        """The command for a job that has a script of its own."""
        if isinstance(job, UniqueJob):
            return self.transitions.save_unique(job)
        return self.transitions.save_indexed(job.arguments)

    def _call(self, command: Command) -> Any:
        if self.rider is None or monotonic() < self.rider.due_at:
            return self.connections.call(*command)
        [reply] = self._run([command])
        if isinstance(reply, ResponseError):
            raise refusal(reply) from reply
        return reply

    def _run(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands that save jobs, and with them those of the rider if it has any now."""
        rider = self.rider
        more = rider.commands() if rider is not None and monotonic() >= rider.due_at else ()
        if rider is None or not more:
            return self.connections.run(commands)
        try:
            replies = self.connections.run([*commands, *more])
        except BaseException as problem:
            rider.missed(sent=getattr(problem, "sent", not isinstance(problem, KueError)))
            raise
        rider.answered(replies[len(commands) :])
        return replies[: len(commands)]

    def save_many(self, jobs: Sequence[ToSave]) -> Iterator[Saved | ResponseError]:
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

    def _save_batch(self, jobs: Sequence[ToSave]) -> list[Saved | ResponseError]:
        """A script saves all of its jobs or none. If one job may be the reason for a refusal, each is saved alone."""
        parts = _parts(jobs)
        transitions = self.transitions
        with InDoubt("each job of the last round trip"):
            replies = self._run(
                [
                    self._save_alone(part) if isinstance(part, (UniqueJob, IndexedJob)) else transitions.save(*part)
                    for part in parts
                ]
            )
        saved: list[Saved | ResponseError] = []
        for part, reply in zip(parts, replies, strict=True):
            if isinstance(part, (UniqueJob, IndexedJob)):
                saved.append(reply if isinstance(reply, ResponseError) else self._read_saved(reply))
            elif not isinstance(reply, ResponseError):
                saved += range(reply, reply + len(part))
            elif len(part) == 1 or is_transient(reply):
                saved += [reply] * len(part)
            else:
                with InDoubt("each job of the last round trip"):
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


def _has_that_type(job: ToSave) -> bool:
    return job[0] == UNIQUE_TYPE and not isinstance(job.job if isinstance(job, IndexedJob) else job, UniqueJob)


def _parts(jobs: Sequence[ToSave]) -> list[_Part]:
    """The jobs in parts, each of as many as one script can save without blocking Redis for long."""
    parts: list[_Part] = []
    for kind, group in itertools.groupby(jobs, type):
        alike: list[Any] = list(group)
        parts += _plain_parts(alike) if kind is tuple else alike
    return parts


def _plain_parts(jobs: Sequence[NewJob]) -> Iterator[Sequence[NewJob]]:
    sizes = list(map(len, map(_DATA, jobs)))
    for start in range(0, len(jobs), _MAX_JOBS_PER_SCRIPT):
        end = start + _MAX_JOBS_PER_SCRIPT
        if sum(sizes[start:end]) <= _MAX_BYTES_PER_SCRIPT:
            yield jobs[start:end]
        else:
            yield from _small_parts(jobs[start:end])


def _small_parts(jobs: Sequence[NewJob]) -> Iterator[Sequence[NewJob]]:
    start = size = 0
    for i, job in enumerate(jobs):
        own = len(_DATA(job))
        if i > start and size + own > _MAX_BYTES_PER_SCRIPT:
            yield jobs[start:i]
            start, size = i, 0
        size += own
    yield jobs[start:]


class InDoubt:
    """Around a save: raises `SaveInDoubt` instead of a `ConnectionFailed` after which `which` may have been saved.

    It is no generator, since each save would pay for that.
    """

    __slots__ = ("_which",)

    def __init__(self, which: str) -> None:
        self._which = which

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        if isinstance(problem, ConnectionFailed) and problem.sent:
            doubt = f"{problem}; {self._which} may or may not have been saved, and was not sent again"
            raise SaveInDoubt(doubt, sent=True) from problem
