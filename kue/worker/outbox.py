"""What is still to be told to Redis, in order: bounded, the oldest chatter dropped first, an outcome never."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from kue.store.transitions import Transitions
from kue.worker.calls import Report
from kue.worker.run import Run

LIMIT = 10_000


class Outbox:
    """Runs with something new, and reports that are unanswered. `notify` is for any thread, the rest for one."""

    def __init__(self, transitions: Transitions, answered: Callable[[Report, Any], None]) -> None:
        self._transitions = transitions
        self._answered = answered
        self._news: deque[Run] = deque()
        self._kept: list[Report] = []
        self.dropped = 0

    def notify(self, run: Run) -> None:
        """A run has something new."""
        self._news.append(run)

    @property
    def waiting(self) -> int:
        """How much there is to send, about."""
        return len(self._news) + len(self._kept)

    def collect(self, now: int) -> list[Report]:
        """Everything to send now, oldest first."""
        reports, self._kept = self._kept, []
        while self._news:
            run = self._news.popleft()
            command, ends = run.report(self._transitions, now)
            if command is not None:
                reports.append(Report(command, run, ends=ends, settled=self._answered))
        return reports

    def keep(self, reports: list[Report], *, sent: bool) -> None:
        """These were not answered: they go first next time."""
        for report in reports:
            report.in_doubt = report.in_doubt or sent
        self._kept = reports + self._kept
        surplus = len(self._kept) - LIMIT
        if surplus > 0:
            chatter = [report for report in self._kept if not report.ends][:surplus]
            gone = set(map(id, chatter))
            self._kept = [report for report in self._kept if id(report) not in gone]
            self.dropped += len(chatter)
