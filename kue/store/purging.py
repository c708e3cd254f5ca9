"""Removes jobs that have ended, a step at a time, and without events.

`PurgeCommands` builds the commands: the scripts in lua/purging, with their arguments in order.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Any, NamedTuple

from kue.connection.connection import Argument, Command
from kue.store import codec, scripts
from kue.store.keys import Keys, id_or_member, zid
from kue.store.store import Store

_MAX_JOBS_PER_STEP = 100
_MAX_OLDEST = 10_000  # for how many jobs one look at all members is enough


class Turn(NamedTuple):
    """The lock of purging, by its token, and how long each step keeps it (ms). Without a token none is needed."""

    token: str = ""
    lock_ms: int = 0


NO_TURN = Turn()


class Step(NamedTuple):
    """What a step did: how many jobs it removed, and which broken ones it met, for `Store.drop_broken`.

    `passed` is where the walk goes on; None if it is over.
    """

    removed: int
    passed: int | None
    broken: list[int | str]


class PurgeCommands:
    """Commands for the jobs under one prefix. The head of each script explains its arguments and its reply."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def purge_old(self, turn: Turn, type: str, state: str, passed: int, moment: int, now: int) -> Command:
        return self._command("purge_old", *turn, type, state, passed, moment, now)

    def purge_surplus(
        self, turn: Turn, type: str, state: str, keep: int, moment: int, now: int, oldest: Iterable[Argument] = ()
    ) -> Command:
        return self._command("purge_surplus", *turn, type, state, keep, moment, now, *oldest)

    def _command(self, script: str, *arguments: Argument) -> Command:
        return scripts.command(script, self.keys, *arguments)


class Purging:
    """The ended jobs under one prefix, for any thread. Methods may raise `ConnectionFailed` or `RedisRefused`.

    A step returns None if the turn is over, since another process has the lock.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.commands = PurgeCommands(store.keys)
        # Of a type in a state, for the next steps: the oldest jobs, and whether these are all that are surplus.
        self._oldest: dict[tuple[str, str], tuple[list[int], bool]] = {}

    def take_turn(self, turn: Turn) -> bool:
        """Take the lock. Returns False if another process holds it."""
        return self._store.acquire_lock(self._store.keys.purge_lock, turn.token, turn.lock_ms)

    def purge_old(self, turn: Turn, type: str, state: str, passed: int, moment: int, now: int) -> Step | None:
        """Remove some of the jobs that ended up to a moment, and go on behind so many that the walk has passed."""
        return self._step(self.commands.purge_old(turn, type, state, passed, moment, now))

    def purge_surplus(self, turn: Turn, type: str, state: str, keep: int, moment: int, now: int) -> Step | None:
        """Remove some of the oldest jobs, by id, so that no fewer than `keep` are left. What ended later stays."""
        arguments = (turn, type, state, keep, moment, now)
        oldest, are_all = self._oldest.pop((type, state), ([], False))
        if not oldest:
            found = self._call(self.commands.purge_surplus(*arguments))
            if found != [-2]:
                return self._read(found)
            oldest, are_all = self._look_for_oldest(type, state, keep)
            if not oldest:
                return Step(0, None, [])
        own, later = oldest[:_MAX_JOBS_PER_STEP], oldest[_MAX_JOBS_PER_STEP:]
        step = self._step(self.commands.purge_surplus(*arguments, map(zid, own)))
        if step is None:
            return None
        if later and (step.passed is not None or not step.removed):
            self._oldest[type, state] = later, are_all
            return step._replace(passed=0)
        return step._replace(passed=None) if are_all else step

    def _look_for_oldest(self, type: str, state: str, keep: int) -> tuple[list[int], bool]:
        """The oldest jobs by id that are surplus, as many as one look is for, and whether there are no more."""
        count = self._call(self._store.commands.count(state, type))
        surplus = max(0, count - keep)
        return heapq.nsmallest(min(_MAX_OLDEST, surplus), self._store.each_id(state, type)), surplus <= _MAX_OLDEST

    def _step(self, command: Command) -> Step | None:
        return self._read(self._call(command))

    def _call(self, command: Command) -> Any:
        return self._store.connections.call(*command)

    @staticmethod
    def _read(reply: Any) -> Step | None:
        if len(reply) == 1:
            return None
        removed, passed, *broken = reply
        members = [id_or_member(codec.text(member)) for member in broken]
        return Step(removed, None if passed < 0 else passed, members)
