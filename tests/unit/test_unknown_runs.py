"""Runs that mail names and this process does not have: their jobs are looked for, but no outcome is overtaken."""

from types import SimpleNamespace
from typing import Any

import pytest

from kue.common.timer_queue import TimerQueue
from kue.worker.unknown_runs import UnknownRuns

PROCESS = "kue:host:77-beef00011"
WORKER = f"{PROCESS}:two\nlines:5:17"


class Desk:
    def __init__(self) -> None:
        self.now = 100.0
        self.runs: list[Any] = []
        self.kept: list[str] = []
        self.searches: list[tuple[Any, ...]] = []
        slots: Any = SimpleNamespace(runs=lambda: self.runs)
        outbox: Any = SimpleNamespace(keeps_report_of=lambda worker: worker in self.kept)
        loop: Any = SimpleNamespace(settled_timers=TimerQueue(lambda: self.now))
        orphans: Any = SimpleNamespace(cut_off=lambda *run, looks: self.searches.append((*run, looks)))
        self.timers = loop.settled_timers
        self.unknown = UnknownRuns(PROCESS, slots, outbox, loop, orphans)

    def later(self) -> list[tuple[Any, ...]]:
        self.now += 1.1
        self.timers.run_due()
        return self.searches


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_job_of_a_run_that_is_not_here_is_looked_for_once(desk: Desk) -> None:
    desk.unknown.look_for(WORKER)
    assert desk.searches == [("two\nlines:5", 17, 17, 1)] == desk.later()


def test_an_outcome_that_is_still_to_be_written_comes_first(desk: Desk) -> None:
    run = SimpleNamespace(worker_id=WORKER, written=False)
    desk.runs.append(run)
    desk.unknown.look_for(WORKER)
    assert desk.later() == []
    desk.runs, desk.kept = [], [WORKER]  # its slot is free, and Redis is away
    assert desk.later() == []
    desk.kept.clear()
    assert len(desk.later()) == 1


def test_a_written_outcome_keeps_nothing_back_though_its_slot_stays_closed(desk: Desk) -> None:
    desk.runs.append(SimpleNamespace(worker_id=WORKER, written=True))
    desk.unknown.look_for(WORKER)
    assert len(desk.searches) == 1


@pytest.mark.parametrize("worker", ["x", "kue:host:77-beef00021:email:17", "kue:host:77:email:17"])
def test_a_run_of_no_process_or_of_another_is_not_looked_for(desk: Desk, worker: str) -> None:
    desk.unknown.look_for(worker)
    assert desk.searches == [] == desk.later()
