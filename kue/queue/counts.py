"""The questions a queue answers: types, ids and numbers by state, work time, settings. Kue's names."""

from __future__ import annotations

from kue.options.values import read_name, read_state, read_type
from kue.runtime import Runtime


class Counts:
    """A part of `Queue`. Each question is one round trip."""

    runtime: Runtime

    def types(self) -> list[str]:
        """Every type ever saved, sorted."""
        return self.runtime.store.types()

    def state(self, state: str) -> list[int]:
        """The ids of the jobs in a state, in the order of its set."""
        return self.runtime.store.ids(0, -1, read_state(state))

    def inactive(self) -> list[int]:
        """The ids of the queued jobs."""
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

    def card(self, state: str) -> int:
        """How many jobs are in a state."""
        return self.runtime.store.count(read_state(state))

    def card_by_type(self, type: str, state: str) -> int:
        """How many jobs of a type are in a state."""
        return self.runtime.store.count(read_state(state), read_type(type))

    def _count(self, type: str | None, state: str) -> int:
        return self.card(state) if type is None else self.card_by_type(type, state)

    def inactive_count(self, type: str | None = None) -> int:
        """How many jobs are queued, of one type or all."""
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
        """Milliseconds of completed work, of all processes."""
        return self.runtime.store.work_time()

    def setting(self, name: str) -> str | None:
        """A free-form setting, shared by all processes."""
        return self.runtime.store.setting(read_name("name", name))
