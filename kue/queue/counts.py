"""Reads facts about a queue from Redis, under Kue's names.

- lists the types, and the ids of the jobs in a state
- counts the jobs in a state, of all types or of one
- reads the work time and the settings

It changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from kue.options.typed import State
from kue.options.values import read_name, read_state, read_type
from kue.runtime import Runtime


class Counts:
    """A part of `Queue`. Every method may raise `ConnectionFailed` or `RedisRefused`.

    Each is one round trip, but for the methods that give ids: these make one for every thousand ids.
    """

    runtime: Runtime

    def types(self) -> list[str]:
        """Every type that a job was ever saved with, sorted."""
        return self.runtime.store.types()

    def state(self, state: State) -> list[int]:
        """The ids of the jobs in a state, in the order of its set in Redis. Raises `InvalidOption`."""
        return list(self.ids(state))

    def ids(self, state: State, type: str | None = None) -> Iterator[int]:
        """Iterate over the ids of the jobs in a state, of one type or all, in the order of their set in Redis.

        It reads a thousand ids at a time, so that a large set delays no other client of Redis. Other jobs may enter and
        leave meanwhile: a job that stays in the set, with its priority, comes exactly once. Raises `InvalidOption`.
        """
        return self.runtime.store.each_id(read_state(state), None if type is None else read_type(type))

    def inactive(self) -> list[int]:
        """The ids of the jobs that wait in their queue."""
        return self.state("inactive")

    def active(self) -> list[int]:
        """The ids of the running jobs."""
        return self.state("active")

    def complete(self) -> list[int]:
        """The ids of the completed jobs."""
        return self.state("complete")

    def failed(self) -> list[int]:
        """The ids of the failed jobs."""
        return self.state("failed")

    def delayed(self) -> list[int]:
        """The ids of the delayed jobs."""
        return self.state("delayed")

    def card(self, state: State) -> int:
        """How many jobs are in a state. Raises `InvalidOption`."""
        return self.runtime.store.count(read_state(state))

    def card_by_type(self, type: str, state: State) -> int:
        """How many jobs of a type are in a state. Raises `InvalidOption`."""
        return self.runtime.store.count(read_state(state), read_type(type))

    def _count(self, type: str | None, state: State) -> int:
        return self.card(state) if type is None else self.card_by_type(type, state)

    def inactive_count(self, type: str | None = None) -> int:
        """How many jobs wait in their queue, of one type or all."""
        return self._count(type, "inactive")

    def active_count(self, type: str | None = None) -> int:
        """How many jobs are running, of one type or all."""
        return self._count(type, "active")

    def complete_count(self, type: str | None = None) -> int:
        """How many jobs are complete, of one type or all."""
        return self._count(type, "complete")

    def failed_count(self, type: str | None = None) -> int:
        """How many jobs have failed, of one type or all."""
        return self._count(type, "failed")

    def delayed_count(self, type: str | None = None) -> int:
        """How many jobs are delayed, of one type or all."""
        return self._count(type, "delayed")

    def work_time(self) -> int:
        """How many milliseconds all completed jobs ran, in all processes."""
        return self.runtime.store.work_time()

    def setting(self, name: str) -> str | None:
        """Read a setting that all processes share; None if it is not set. Raises `InvalidOption`."""
        return self.runtime.store.setting(read_name("name", name))
