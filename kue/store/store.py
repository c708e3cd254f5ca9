"""Changes jobs in Redis, with a method for each transition. A call is one round trip.

`saving` has the saves, `queries` the reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from redis.exceptions import ResponseError

from kue.connection.address import Address
from kue.connection.connection import Command
from kue.connection.pool import MAX_CONNECTIONS, ConnectionPool, refusal
from kue.errors import JobLost, JobNotFound
from kue.options.values import parse_number
from kue.store import codec, scripts
from kue.store.effects import Effects
from kue.store.identity import NUMBER_TAKEN
from kue.store.keys import PROMOTION_LOCK, id_or_member
from kue.store.saving import Saving


class Announced(NamedTuple):
    """What `announce_expired` found on a page.

    `following` is where the next page begins (None: there is none), `runs` the worker id of each job that was
    announced, `broken` what is left to drop.
    """

    following: int | None
    runs: dict[int, str]
    broken: list[int | str]


class Store(Saving):
    """The jobs under one prefix, for any thread. Every method may raise `ConnectionFailed` or `RedisRefused`."""

    @classmethod
    def at(cls, address: Address, prefix: str, max_connections: int = MAX_CONNECTIONS) -> Self:
        """A store for one server and prefix, with connections of its own."""
        return cls(ConnectionPool(address, scripts.run, max_connections), prefix)

    # one job

    def update(self, id: int, now: int, changes: Effects, fence: str) -> tuple[str, int]:
        """Write options and data that changed. Returns the job's state and its promote_at.

        Raises `JobNotFound`, also if `fence` names another job than the one that has this number now, and `JobLost` if
        it names a run that does not hold the job.
        """
        reply = self._fenced(id, "update", self.transitions.update(id, now, changes, fence))
        if not reply:
            raise JobNotFound(id)
        return codec.text(reply[0]), int(parse_number(reply[1]) or 0)

    def set_state(self, id: int, state: str, now: int, changes: Effects, fence: str) -> None:
        """Move a job to a state, with what changes besides. Raises `JobNotFound` and `JobLost` as `update` does."""
        if self._fenced(id, state, self.transitions.set_state(id, state, now, changes, fence)) is None:
            raise JobNotFound(id)

    def remove(self, id: int, fence: str = "") -> bool:
        """Remove a job. Returns whether there was one.

        Raises `JobLost` as `update` does, and `JobNotFound` if another job has its number now.
        """
        return bool(self._fenced(id, "remove", self.transitions.remove(id, fence)))

    def _fenced(self, id: int, what: str, command: Command) -> Any:
        reply = self.connections.call(*command)
        if reply == -1:
            raise JobLost(id, what)
        if reply == -2:
            raise JobNotFound(id, NUMBER_TAKEN.format(id))
        return reply

    def apply_effects(self, id: int, fence: str, effects: Effects) -> None:
        """Carry out the effects of a report. Raises `JobNotFound` and `JobLost` as `update` does."""
        code = self.connections.call(*self.transitions.apply_effects(id, fence, self.clock(), effects))[0]
        if code == -1:
            raise JobLost(id, "message")
        if code == -2:
            raise JobNotFound(id)
        if code == -3:
            raise JobNotFound(id, NUMBER_TAKEN.format(id))

    # many jobs, on behalf of the periodic duties

    def drop_broken(self, jobs: Sequence[int | str], type: str = "") -> None:
        """Remove jobs that have no hash or no type from every set of jobs. A job is an id, or a member that is no zid.

        `type` is one that the set of types may lack.
        """
        types = {*self.types(), type} - {""}
        self.ask([self.transitions.drop_broken(job, types) for job in jobs])

    def promote(self, lock: str, lock_ttl: int, now: int, limit: int) -> tuple[int, list[int | str]] | None:
        """Queue delayed jobs that are due, under the lock of promotion, with `lock` as its token: one round trip.

        Returns how many jobs were examined, and the broken ones. None if another process holds the lock.
        """
        acquired, reply, _ = self.connections.run(
            [
                self._lock(PROMOTION_LOCK, lock, lock_ttl),
                self.transitions.promote(lock, now, limit),
                self.transitions.release_lock(PROMOTION_LOCK, lock),
            ]
        )
        for refused in (acquired, reply):
            if isinstance(refused, ResponseError):
                raise refusal(refused) from refused
        examined, *broken = reply
        return None if examined < 0 else (examined, _broken(broken))

    def announce_expired(self, lock: str, now: int, limit: int, passed: int) -> Announced | None:
        """Publish `ttl exceeded` for overdue jobs, of a page of `limit` behind `passed`. None if the lock was lost."""
        code, *rest = self.connections.call(*self.transitions.announce_expired(lock, now, limit, passed))
        if code != 1:
            return None
        following, broken, *pairs = rest
        runs = {int(id): codec.text(worker) for id, worker in zip(pairs[::2], pairs[1::2], strict=True)}
        return Announced(None if following < 0 else following, runs, _broken(broken))

    def rescue(
        self, process: str, now: int, retries: int, delay: int, runs: Sequence[tuple[int, str]]
    ) -> tuple[int, list[int]] | None:
        """Queue the jobs of a dead process again. Returns how many, and the ids of those that were lost too often.

        Returns None if the process is alive. `retries` is how often a job may be lost, `delay` is in ms.
        """
        code, *rest = self.connections.call(*self.transitions.rescue(process, now, retries, delay, runs))
        return (int(rest[0]), [int(id) for id in rest[1:]]) if code == 1 else None

    def add_tokens(self, types: Sequence[str]) -> list[int]:
        """Add the tokens that types lack. Returns how many were added for each; 0 if a key is of the wrong kind."""
        replies = self.ask_kinds([self.transitions.add_tokens(type) for type in types])
        return [0 if isinstance(reply, ResponseError) else int(reply) for reply in replies]

    def restore_stuck(self, jobs: Sequence[tuple[int, str]], now: int) -> None:
        """Queue inactive jobs that are in no set of their type, given as id and updated_at, if they are unchanged."""
        self.ask_kinds([self.transitions.restore_stuck(id, updated_at, now) for id, updated_at in jobs])

    # leases and locks

    def give_lease(self, process: str, length: int) -> bool:
        """Give a lease of `length` ms to another process. Returns False if it has one, or had one that ran out."""
        return self.connections.call(*self.transitions.renew_lease(process, length, only_new=True)) is None

    def end_lease(self, process: str) -> None:
        """Give up a lease."""
        self.connections.call(*self.transitions.end_lease(process))

    def end_expired_leases(self, processes: Sequence[str]) -> None:
        """Forget leases that have run out."""
        self.ask_kinds([self.transitions.end_lease(process, only_expired=True) for process in processes])

    def acquire_lock(self, key: str, token: str, ttl: int) -> bool:
        """Take a lock for `ttl` ms. Returns False if another process holds it."""
        return bool(self.connections.call(*self._lock(key, token, ttl)))

    def hold_lock(self, key: str, token: str, ttl: int) -> bool:
        """Take a lock, or keep it if `token` holds it, for `ttl` ms from now on. False if another process holds it."""
        return bool(self.connections.call(*self.transitions.hold_lock(key, token, ttl)))

    @staticmethod
    def _lock(key: str, token: str, ttl: int) -> Command:
        return ("SET", key, token, "PX", ttl, "NX")

    def release_lock(self, key: str, token: str) -> None:
        """Free a lock if `token` still holds it."""
        self.connections.call(*self.transitions.release_lock(key, token))


def _broken(members: Sequence[bytes]) -> list[int | str]:
    return [id_or_member(codec.text(member)) for member in members]
