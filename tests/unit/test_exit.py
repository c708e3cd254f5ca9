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

    def __init__(self, asked: list[str], put_back: int = 0, takes_seconds: float = 2.0) -> None:
        self._asked = asked
        self._takes_seconds = takes_seconds
        self.had_seconds: list[float] = []
        self._put_back: list[Any] = [SimpleNamespace(type="email", id=number) for number in range(1, put_back + 1)]

    def give_back(self) -> None:
        self._asked.append("give back")

    def finish(self, budget: TimeBudget) -> list[Run]:
        self._asked.append("finish")
        self.had_seconds.append(budget.left)
        budget.left = max(0.0, budget.left - self._takes_seconds)
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


def test_a_queue_is_ended_once_and_one_that_a_shutdown_left_has_what_is_left_of_two_seconds() -> None:
    pool, shut_down, end = FakePool([], takes_seconds=1.5), FakePool([]), Exit()
    shut_down.is_closed = True
    for one in (pool, shut_down):
        end.watch(one)
    end.at_end_of_main()
    assert (pool.had_seconds, shut_down.had_seconds) == ([2.0], [])
    pool.is_closed = True  # as a real one is from then on
    end.at_end_of_threads()
    assert (pool.had_seconds, shut_down.had_seconds) == ([2.0], [0.5])


def test_a_forked_child_has_the_whole_time_for_queues_of_its_own() -> None:
    end = Exit()
    end.watch(FakePool([]))
    end.at_end_of_main()
    end.forget_all()
    of_child = FakePool([])
    end.watch(of_child)
    end.at_end_of_main()
    assert of_child.had_seconds == [2.0]


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
