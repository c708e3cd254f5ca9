"""Jobs in Redis: a method for each transition, one round trip each. The questions are in `queries`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

from redis.exceptions import ResponseError

from kue.common.clock import now_ms
from kue.connection.address import Address
from kue.connection.connection import Argument, Command
from kue.connection.pool import ConnectionPool, is_transient
from kue.errors import ConnectionFailed, JobLost, JobNotFound, SaveInDoubt
from kue.store import codec, scripts
from kue.store.effects import Effects
from kue.store.queries import Queries
from kue.store.transitions import NewJob, Transitions

_MAX_JOBS_PER_ROUND_TRIP = 500
_MAX_JOBS_PER_SCRIPT = 50
_MAX_BYTES_PER_SCRIPT = 64_000  # about: so that no script keeps Redis from others for long


class Store(Queries):
    """Jobs under one prefix. Every method may raise `ConnectionFailed` or `RedisRefused`; any thread may call."""

    def __init__(self, connections: ConnectionPool, prefix: str, clock: Callable[[], int] = now_ms) -> None:
        super().__init__(connections, prefix, clock)
        self.transitions = Transitions(self.keys)

    @classmethod
    def at(cls, address: Address, prefix: str) -> Self:
        """The jobs under a prefix of one server, with connections of their own."""
        return cls(ConnectionPool(address, scripts.run), prefix)

    # one job

    def save(self, job: NewJob) -> int:
        """Save a new job and return its id. Raises `SaveInDoubt` if the connection broke before the answer."""
        with _in_doubt("it"):
            return int(self.connections.call(*self.transitions.save(job)))

    def save_many(self, jobs: Sequence[NewJob]) -> Iterator[int | ResponseError]:
        """Many new jobs in one round trip for each few hundred: the id of each, or why Redis refused it.

        After a round trip in which one was refused there is no other.
        """
        for start in range(0, len(jobs), _MAX_JOBS_PER_ROUND_TRIP):
            replies = self._save_batch(jobs[start : start + _MAX_JOBS_PER_ROUND_TRIP])
            yield from replies
            if any(isinstance(reply, ResponseError) for reply in replies):
                return

    def _save_batch(self, jobs: Sequence[NewJob]) -> list[int | ResponseError]:
        """A script saves all of its jobs or none. If one may have been refused for all, each is saved alone."""
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
        """Write options and data again, and return the job's state and promote_at.

        Raises `JobNotFound`, and `JobLost` if `worker` names a run that does not hold the job.
        """
        command = self.transitions.update(id, self.clock(), priority, delay, fields, worker)
        reply = self._fenced(id, "update", command)
        if not reply:
            raise JobNotFound(id)
        return codec.text(reply[0]), int(reply[1] or 0)

    def set_state(self, id: int, state: str, now: int, fields: Sequence[Argument], worker: str) -> None:
        """Move a job to a state. Raises `JobNotFound`, and `JobLost` as `update` does."""
        if self._fenced(id, state, self.transitions.set_state(id, state, now, fields, worker)) is None:
            raise JobNotFound(id)

    def remove(self, id: int, worker: str = "") -> bool:
        """Remove a job, and return whether there was one. Raises `JobLost` as `update` does."""
        return bool(self._fenced(id, "remove", self.transitions.remove(id, worker)))

    def _fenced(self, id: int, what: str, command: Command) -> Any:
        reply = self.connections.call(*command)
        if reply == -1:
            raise JobLost(id, what)
        return reply

    def apply_effects(self, id: int, worker: str, effects: Effects) -> None:
        """Carry out effects. Raises `JobNotFound`, and `JobLost` as `update` does."""
        code = self.connections.call(*self.transitions.apply_effects(id, worker, self.clock(), effects))[0]
        if code == -1:
            raise JobLost(id, "message")
        if code == -2:
            raise JobNotFound(id)

    # many jobs, on behalf of the periodic duties

    def drop_broken(self, ids: Sequence[int | str], type: str = "") -> None:
        """Take jobs without a type out of every index."""
        self.ask([self.transitions.drop_broken(id, type) for id in ids])

    def promote(self, lock: str, now: int, limit: int) -> tuple[int, list[str]]:
        """Queue delayed jobs that are due. Returns how many were looked at, and the ids of broken ones."""
        looked, *broken = self.connections.call(*self.transitions.promote(lock, now, limit))
        return looked, [codec.text(id) for id in broken]

    def announce_expired(self, lock: str, now: int, limit: int) -> dict[int, str] | None:
        """Publish `ttl exceeded` for overdue jobs, and return their worker ids; None if the lock is lost."""
        code, *pairs = self.connections.call(*self.transitions.announce_expired(lock, now, limit))
        if code != 1:
            return None
        return {int(id): codec.text(worker) for id, worker in zip(pairs[::2], pairs[1::2], strict=True)}

    def rescue(
        self, process: str, now: int, retries: int, delay: int, runs: Sequence[tuple[int, str]]
    ) -> list[int] | None:
        """Queue the jobs of a dead process again. Returns those lost too often; None if the process is alive."""
        code, *rest = self.connections.call(*self.transitions.rescue(process, now, retries, delay, runs))
        return [int(id) for id in rest[1:]] if code == 1 else None

    def add_tokens(self, types: Sequence[str]) -> list[int]:
        """Add the tokens that types lack. Returns how many for each; a type that Redis refused counts as 0."""
        replies = self.ask([self.transitions.add_tokens(type) for type in types])
        return [0 if isinstance(reply, ResponseError) else int(reply) for reply in replies]

    def restore_stuck(self, jobs: Sequence[tuple[int, str]], now: int) -> None:
        """Queue jobs (id and updated_at) that are inactive, and in no set of their type, if they are unchanged."""
        self.ask([self.transitions.restore_stuck(id, updated_at, now) for id, updated_at in jobs])

    # leases and locks

    def renew_lease(self, process: str, length: int, *, only_new: bool = False) -> int | None:
        """Take or renew a lease of so many ms. Returns the ms that were left of it; None if there was none."""
        left = self.connections.call(*self.transitions.renew_lease(process, length, only_new=only_new))
        return None if left is None else int(left)

    def end_lease(self, process: str) -> None:
        """Give a lease up."""
        self.connections.call(*self.transitions.end_lease(process))

    def end_expired_leases(self, processes: Sequence[str]) -> None:
        """Forget leases that have run out."""
        self.ask([self.transitions.end_lease(process, only_expired=True) for process in processes])

    def acquire_lock(self, key: str, token: str, ttl: int) -> bool:
        """Take a lock for so many ms, unless another process holds it."""
        return bool(self.connections.call("SET", key, token, "PX", ttl, "NX"))

    def release_lock(self, key: str, token: str) -> None:
        """Free a lock, if the token still holds it."""
        self.connections.call(*self.transitions.release_lock(key, token))


def _parts(jobs: Sequence[NewJob]) -> list[Sequence[NewJob]]:
    """Jobs in order, as many to a part as one script can save without keeping others waiting."""
    parts: list[Sequence[NewJob]] = []
    start = size = 0
    for i, (type, _, data, *_) in enumerate(jobs):
        own = len(type) + len(data)
        if i > start and (i - start == _MAX_JOBS_PER_SCRIPT or size + own > _MAX_BYTES_PER_SCRIPT):
            parts.append(jobs[start:i])
            start, size = i, 0
        size += own
    return [*parts, jobs[start:]]


@contextlib.contextmanager
def _in_doubt(which: str) -> Iterator[None]:
    try:
        yield
    except ConnectionFailed as broken:
        if not broken.sent:
            raise
        problem = f"{broken}; {which} may or may not have been saved, and was not sent again"
        raise SaveInDoubt(problem, sent=True) from broken
