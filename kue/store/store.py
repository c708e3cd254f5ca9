"""The one interface to Redis about jobs: a method for each transition and each question, a round trip each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

from redis.exceptions import ResponseError

from kue.common.clock import now_ms
from kue.connection.address import Address
from kue.connection.connection import Argument, Command
from kue.connection.pool import ConnectionPool, is_transient, refusal
from kue.errors import ConnectionFailed, JobLost, JobNotFound, SaveInDoubt
from kue.store import codec, scripts
from kue.store.effects import Effects
from kue.store.job_hash import JobHash, from_pairs
from kue.store.keys import Keys, ids_of
from kue.store.transitions import NewJob, Transitions

_CHUNK = 500  # commands or jobs in one round trip
_PART = 50  # jobs saved by one script,
_PART_BYTES = 64_000  # and about how much they bring


class Store:
    """Jobs under one prefix. Every method may raise `ConnectionFailed` or `RedisRefused`; any thread may call."""

    def __init__(self, connections: ConnectionPool, prefix: str, clock: Callable[[], int] = now_ms) -> None:
        self.connections = connections
        self.keys = Keys(prefix)
        self.transitions = Transitions(self.keys)
        self.clock = clock

    @classmethod
    def at(cls, address: Address, prefix: str) -> Self:
        """The jobs under a prefix of one server, with connections of their own."""
        return cls(ConnectionPool(address, scripts.run), prefix)

    # transitions

    def save(self, job: NewJob) -> int:
        """A new job; its id. Raises `SaveInDoubt` where the connection broke before the answer."""
        with _in_doubt("it"):
            return int(self.connections.call(*self.transitions.save(job)))

    def save_many(self, jobs: Sequence[NewJob]) -> Iterator[int | ResponseError]:
        """Many new jobs in one round trip for each few hundred: the id of each, or why Redis refused it.

        After a round trip in which one was refused there is no other.
        """
        for start in range(0, len(jobs), _CHUNK):
            replies = self._save_batch(jobs[start : start + _CHUNK])
            yield from replies
            if any(isinstance(reply, ResponseError) for reply in replies):
                return

    def _save_batch(self, jobs: Sequence[NewJob]) -> list[int | ResponseError]:
        """A script saves all of its jobs or none; where one may be refused for all, each is asked for alone."""
        parts = _parts(jobs)
        with _in_doubt("each of the last"):
            replies = self.connections.run([self.transitions.save(*part) for part in parts])
        saved: list[int | ResponseError] = []
        for part, reply in zip(parts, replies, strict=True):
            if not isinstance(reply, ResponseError):
                saved += range(reply, reply + len(part))
            elif len(part) == 1 or is_transient(reply):
                saved += [reply] * len(part)
            else:
                with _in_doubt("each of the last"):
                    saved += self.connections.run([self.transitions.save(job) for job in part])
        return saved

    def update(
        self, id: int, priority: int, delay: int | None, fields: Sequence[Argument], worker: str
    ) -> tuple[str, int]:
        """Options and data again; the state the job is in and its promote_at.

        Raises `JobNotFound`, and `JobLost` where `worker` names a run that does not hold the job.
        """
        command = self.transitions.update(id, self.clock(), priority, delay, fields, worker)
        reply = self._fenced(id, "update", command)
        if not reply:
            raise JobNotFound(id)
        return codec.text(reply[0]), int(reply[1] or 0)

    def set_state(self, id: int, state: str, now: int, fields: Sequence[Argument], worker: str) -> None:
        """Raises `JobNotFound`, and `JobLost` as `update`."""
        if self._fenced(id, state, self.transitions.set_state(id, state, now, fields, worker)) is None:
            raise JobNotFound(id)

    def remove(self, id: int, worker: str = "") -> bool:
        """Whether there was such a job. Raises `JobLost` as `update`."""
        return bool(self._fenced(id, "remove", self.transitions.remove(id, worker)))

    def _fenced(self, id: int, what: str, command: Command) -> Any:
        reply = self.connections.call(*command)
        if reply == -1:
            raise JobLost(id, what)
        return reply

    def apply_effects(self, id: int, worker: str, effects: Effects) -> None:
        """Raises `JobNotFound`, and `JobLost` where `worker` names a run that does not hold the job."""
        code = self.connections.call(*self.transitions.apply_effects(id, worker, self.clock(), effects))[0]
        if code == -1:
            raise JobLost(id, "message")
        if code == -2:
            raise JobNotFound(id)

    # questions

    def hashes(self, ids: Sequence[int | str]) -> list[JobHash | ResponseError | None]:
        """The hash of each job, in one pipeline; None where there is none."""
        found = self.ask([("HGETALL", self.keys.job(id)) for id in ids])
        return [flat if isinstance(flat, ResponseError) else from_pairs(flat) if flat else None for flat in found]

    def fields(self, ids: Sequence[int], names: Sequence[str]) -> list[list[bytes | None]]:
        """Some fields of each job, in one pipeline."""
        return [
            [None] * len(names) if isinstance(reply, ResponseError) else reply
            for reply in self.ask([("HMGET", self.keys.job(id), *names) for id in ids])
        ]

    def field(self, id: int, name: str) -> str | None:
        return _text(self.connections.call("HGET", self.keys.job(id), codec.text_bytes(name)))

    def log(self, id: int) -> list[str]:
        return [codec.text(line) for line in self.connections.call("LRANGE", self.keys.log(id), 0, -1)]

    def range(self, zset: str, start: int, stop: int) -> list[int]:
        """The ids at some positions of a zset, both ends included."""
        return ids_of(self.connections.call("ZRANGE", zset, start, stop))

    def drop_broken(self, ids: Sequence[int | str], type: str = "") -> None:
        self.ask([self.transitions.drop_broken(id, type) for id in ids])

    def types(self) -> list[str]:
        return sorted(codec.text(name) for name in self.connections.call("SMEMBERS", self.keys.types))

    def counts(self, zsets: Sequence[str]) -> list[int]:
        replies = self.ask([("ZCARD", zset) for zset in zsets])
        for reply in replies:
            if isinstance(reply, ResponseError):
                raise refusal(reply) from reply
        return replies

    def work_time(self) -> int:
        return int(self.connections.call("GET", self.keys.work_time) or 0)

    def setting(self, name: str) -> str | None:
        return _text(self.connections.call("HGET", self.keys.settings, codec.text_bytes(name)))

    def ask(self, commands: Sequence[Command]) -> list[Any]:
        replies: list[Any] = []
        for start in range(0, len(commands), _CHUNK):
            replies += self.connections.run(commands[start : start + _CHUNK])
        return replies


def _parts(jobs: Sequence[NewJob]) -> list[Sequence[NewJob]]:
    """Jobs in order, so many to a part as one script can save without keeping others waiting."""
    parts: list[Sequence[NewJob]] = []
    start = size = 0
    for i, (type, _, data, *_) in enumerate(jobs):
        own = len(type) + len(data)
        if i > start and (i - start == _PART or size + own > _PART_BYTES):
            parts.append(jobs[start:i])
            start, size = i, 0
        size += own
    return [*parts, jobs[start:]]


def _text(reply: bytes | None) -> str | None:
    return None if reply is None else codec.text(reply)


@contextlib.contextmanager
def _in_doubt(which: str) -> Iterator[None]:
    try:
        yield
    except ConnectionFailed as broken:
        if not broken.sent:
            raise
        problem = f"{broken}; {which} may or may not have been saved, and was not sent again"
        raise SaveInDoubt(problem, sent=True) from broken
