"""Asks whether any job waits at all. Only if one does, the duties that look after waiting jobs have their turn."""

from __future__ import annotations

from collections.abc import Sequence

from kue.errors import KueError
from kue.maintenance.ticker import Duty
from kue.store.store import Store


class WaitingJobs:
    """Most of the time it is one command. `interval` is in ms, and the duties follow it instead of their own."""

    def __init__(self, store: Store, interval: int, duties: Sequence[Duty]) -> None:
        self.interval = interval / 1000
        self._store = store
        self._duties = duties

    def run_once(self, now: int) -> bool:
        if not self._store.count("inactive"):
            return False
        again, problems = False, list[KueError]()
        for duty in self._duties:
            try:
                again |= duty.run_once(now)
            except KueError as problem:  # Redis may refuse a command that only this duty needs
                problems.append(problem)
        if problems:
            raise problems[0]
        return again
