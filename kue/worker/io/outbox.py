"""What is still to be reported to Redis, in order. Beyond a limit the oldest messages are dropped, but no outcome."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any

from kue.store.transitions import Transitions
from kue.worker.io.calls import Report
from kue.worker.io.reports import make_report
from kue.worker.run import Run

MAX_MESSAGES = 10_000
_RUN = operator.attrgetter("run")


class Outbox:
    """Runs with news, and reports without an answer. Any thread may call `notify`, only the I/O thread the rest."""

    def __init__(self, transitions: Transitions, on_reply: Callable[[Report, Any], None]) -> None:
        self._transitions = transitions
        self._on_reply = on_reply
        self._news: deque[Run] = deque()
        self.notify: Callable[[Run], None] = self._news.append
        """A run has something new to report."""
        self._kept: list[Report] = []
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """About how many reports there are to send."""
        return len(self._news) + len(self._kept)

    @property
    def has_news(self) -> bool:
        """Whether a run has something new to report."""
        return bool(self._news)

    @property
    def keeps(self) -> bool:
        """Whether there are reports that were not sent yet, or are to be sent again."""
        return bool(self._kept)

    def keeps_report_of(self, worker: str) -> bool:
        """Whether a report of the run with this worker id was not sent yet, or is to be sent again."""
        return any(report.run.worker_id == worker for report in self._kept)

    def absorb(self, now: int, on_their_way: Collection[Run] | None = None) -> list[Report]:
        """Make reports of all that is new, and return them.

        `on_their_way` are the runs with a report that was sent and not answered. If they are given, what is new with a
        run whose last report is unanswered stays with the run: that slows down a handler that reports too much. In an
        outage they are not given, and everything becomes a report.
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
            report = make_report(run, self._transitions, now, self._on_reply)
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
        """Take out what to send now, oldest first. Ends before a run's second report: it must not overtake the first.

        The runs `on_their_way` have a first report that was sent and not answered yet.
        """
        runs = set(on_their_way)
        count = len(self._kept)
        if len(runs.union(map(_RUN, self._kept))) < len(runs) + count:
            count = _before_second(self._kept, runs)
        reports, self._kept = self._kept[:count], self._kept[count:]
        return reports

    def keep(self, reports: Sequence[Report], *, sent: bool) -> None:
        """Take back reports that were not answered: they are sent first next time."""
        for report in reports:
            report.in_doubt = report.in_doubt or sent
        self._kept = [*reports, *self._kept]
        self._stay_within_limit()

    def _stay_within_limit(self) -> None:
        surplus = sum(report.weight for report in self._kept) - MAX_MESSAGES
        dropped: set[int] = set()
        for report in self._kept:
            if surplus <= 0:
                break
            if not report.ends:
                dropped.add(id(report))
                surplus -= report.weight
                self.dropped += report.weight
        if dropped:
            self._kept = [report for report in self._kept if id(report) not in dropped]


def _before_second(reports: Sequence[Report], runs: set[Run]) -> int:
    """How many reports come before the second one of a run. Each of `runs` has one already."""
    for count, report in enumerate(reports):
        if report.run in runs:
            return count
        runs.add(report.run)
    return len(reports)
