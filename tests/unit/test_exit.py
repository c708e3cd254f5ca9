"""The end of a process with several queues."""

from typing import Any

import pytest

from kue.common.clock import TimeBudget
from kue.worker.exit import Exit
from kue.worker.intake import Intake
from kue.worker.run import Run


class FakePool:
    """Notes what is asked of it, and of the others."""

    is_closed = False

    def __init__(self, asked: list[str]) -> None:
        self._asked = asked

    def give_back(self) -> None:
        self._asked.append("give back")

    def finish(self, budget: TimeBudget) -> list[Run]:
        self._asked.append("finish")
        budget.left = 0.0
        return []


@pytest.mark.parametrize("when", ["at_end_of_main", "at_end_of_threads"])
def test_every_queue_gives_its_jobs_back_before_any_of_them_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, when: Any
) -> None:
    """One queue may need all the time that there is, as one whose Redis is away."""
    monkeypatch.setattr("kue.worker.exit.intake", Intake())
    asked: list[str] = []
    pools, end = [FakePool(asked) for _ in range(3)], Exit()
    for pool in pools:
        end.watch(pool)
    getattr(end, when)()
    assert asked == ["give back"] * 3 + ["finish"] * 3
