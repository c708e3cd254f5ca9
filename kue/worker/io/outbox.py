"""What is still to be told to Redis, in order: bounded, the oldest chatter dropped first, an outcome never."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any

from kue.store.transitions import Transitions
from kue.worker.io.calls import Report
from kue.worker.io.reports import report_of
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

    @property
    def has_news(self) -> bool:
        """Whether a run has something new."""
        return bool(self._news)

    @property
    def keeps(self) -> bool:
        """Whether there are reports that were not sent, or not answered."""
        return bool(self._kept)

    def absorb(self, now: int, on_their_way: Collection[Run] | None = None) -> list[Report]:
        """Make reports of all that is new, and give those.

        Given the runs that have a report `on_their_way`, what is new with a run whose last report is unanswered waits
        with the run, which holds back a handler that says too much; without, as in an outage, all is taken in.
        """
        reports: list[Report] = []
        later: dict[Run, None] = {}
        unanswered = None if on_their_way is None else set(on_their_way)
        if unanswered is not None and self._kept:
            unanswered.update(report.run for report in self._kept)
        for _ in range(len(self._news)):
            run = self._news.popleft()
            if unanswered is not None and run in unanswered:
                later[run] = None
                continue
            report = report_of(run, self._transitions, now, self._answered)
            if report is not None:
                reports.append(report)
                if unanswered is not None:
                    unanswered.add(run)
        if later:
            self._news.extendleft(reversed(later))
        self._kept += reports
        if len(self._kept) > len(reports):
            self._stay_within_limit()
        return reports

    def collect(self, on_their_way: Collection[Run] = ()) -> list[Report]:
        """What to send now, oldest first: up to the second report of a run, which must not overtake its first.

        The runs `on_their_way` have a first one that was not answered yet.
        """
        runs = set(on_their_way)
        count = 0
        for report in self._kept:
            if report.run in runs:
                break
            runs.add(report.run)
            count += 1
        reports, self._kept = self._kept[:count], self._kept[count:]
        return reports

    def keep(self, reports: Sequence[Report], *, sent: bool) -> None:
        """These were not answered: they go first next time."""
        for report in reports:
            report.in_doubt = report.in_doubt or sent
        self._kept = [*reports, *self._kept]
        self._stay_within_limit()

    def _stay_within_limit(self) -> None:
        surplus = sum(report.weight for report in self._kept) - LIMIT
        gone: set[int] = set()
        for report in self._kept:
            if surplus <= 0:
                break
            if not report.ends:
                gone.add(id(report))
                surplus -= report.weight
                self.dropped += report.weight
        if gone:
            self._kept = [report for report in self._kept if id(report) not in gone]
