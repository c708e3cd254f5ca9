"""The end of a process with several queues."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from kue.common.clock import TimeBudget
from kue.worker.exit import Exit
from kue.worker.intake import Intake
from kue.worker.run import Run


class FakePool:
    """Notes what is asked of it, and of the others."""

    is_closed = False

    def __init__(self, asked: list[str], put_back: int = 0) -> None:
        self._asked = asked
        self._put_back: list[Any] = [
            SimpleNamespace(type="email", job=SimpleNamespace(id=number)) for number in range(1, put_back + 1)
        ]

    def give_back(self) -> None:
        self._asked.append("give back")

    def finish(self, budget: TimeBudget) -> list[Run]:
        self._asked.append("finish")
        budget.left = 0.0
        return self._put_back


@pytest.fixture(autouse=True)
def own_intake(monkeypatch: pytest.MonkeyPatch) -> None:
    """The intake of this process stays open."""
    monkeypatch.setattr("kue.worker.exit.intake", Intake())


@pytest.mark.parametrize("when", ["at_end_of_main", "at_end_of_threads"])
def test_every_queue_gives_its_jobs_back_before_any_of_them_is_waited_for(when: Any) -> None:
    """One queue may need all the time that there is, as one whose Redis is away."""
    asked: list[str] = []
    pools, end = [FakePool(asked) for _ in range(3)], Exit()
    for pool in pools:
        end.watch(pool)
    getattr(end, when)()
    assert asked == ["give back"] * 3 + ["finish"] * 3


@pytest.mark.parametrize(("jobs", "end"), [(1, ": email 1"), (20, ", email 20"), (21, ", email 20 and 1 more")])
def test_the_warning_names_twenty_jobs_and_counts_the_others(
    caplog: pytest.LogCaptureFixture, jobs: int, end: str
) -> None:
    pool, exit = FakePool([], jobs), Exit()
    exit.watch(pool)
    with caplog.at_level(logging.WARNING, "kue"):
        exit.at_end_of_main()
    [message] = caplog.messages
    assert message.startswith("the process ends while jobs run, which go back to their queues: email 1")
    assert message.endswith(end)
