"""Short handlers on the I/O thread, and the standby thread that goes on if one of them is held up."""

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from kue.worker.execution.inline import InlineRunner
from kue.worker.handler import Handler
from tests.helpers import wait_until


class FakeRun:
    def __init__(self, work: Callable[[], object] = lambda: None) -> None:
        self.work = work
        self.settled = self.executing = False
        self.outcome: Any = None

    def settle(self, outcome: Any) -> None:
        self.settled, self.outcome = True, outcome


class Stage:
    """An inline with the threads that have had it, in order."""

    def __init__(self) -> None:
        self.ran: list[FakeRun] = []
        self.elsewhere: list[FakeRun] = []
        self.leaders: list[str] = []
        execute: Any = self._execute
        submit: Any = self._submit
        self.thrown: list[tuple[FakeRun, BaseException]] = []
        thrown: Any = lambda run, problem: self.thrown.append((run, problem))  # noqa: E731
        self.inline = InlineRunner(execute, thrown, submit)
        self.inline.take_over = self.lead

    def _execute(self, run: FakeRun) -> None:
        assert run.executing
        run.work()
        self.ran.append(run)

    def _submit(self, run: FakeRun) -> None:
        self.elsewhere.append(run)

    def submit(self, *works: Callable[[], object]) -> list[FakeRun]:
        runs: list[Any] = [FakeRun(work) for work in works]
        for run in runs:
            self.inline.submit(run)
        return runs

    def lead(self) -> None:
        self.leaders.append(threading.current_thread().name)
        while self.inline.waiting:
            if not self.inline.run():
                return


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.inline.stop()
    wait_until(lambda: not [one for one in threading.enumerate() if one.name in ("kue-standby", "kue-io")])


def nothing() -> None:
    pass


def test_runs_are_executed_in_order_on_the_calling_thread(stage: Stage) -> None:
    where: list[threading.Thread] = []
    runs = stage.submit(*[lambda: where.append(threading.current_thread())] * 5)
    assert stage.inline.waiting
    stage.lead()
    assert stage.ran == runs
    assert set(where) == {threading.current_thread()}
    assert not stage.inline.waiting and not any(run.executing for run in runs)


def test_a_run_that_was_settled_before_it_began_is_not_executed(stage: Stage) -> None:
    first, second = stage.submit(nothing, nothing)
    first.settled = True
    assert stage.inline.run()
    assert stage.ran == [second]


def test_the_io_has_its_turn_after_a_while_though_more_runs_wait(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], sleep=time.sleep)
    monkeypatch.setattr("kue.worker.execution.inline.time", clock)

    def take_a_little() -> None:
        now[0] += 0.0006

    runs = stage.submit(*[take_a_little] * 20)
    assert stage.inline.run()
    assert 1 < len(stage.ran) < 5 and stage.inline.waiting
    stage.lead()
    assert stage.ran == runs


def test_the_standby_thread_goes_on_with_the_other_runs_if_one_is_held_up(stage: Stage) -> None:
    let_go = threading.Event()
    held, *others = stage.submit(let_go.wait, nothing, nothing)
    came_back: list[bool] = []
    thread = threading.Thread(target=lambda: came_back.append(stage.inline.run()))
    thread.start()
    wait_until(lambda: stage.ran == others)
    assert held.executing and came_back == []
    assert stage.leaders == ["kue-io"]

    let_go.set()
    thread.join(5)
    assert came_back == [False]
    assert stage.ran == [*others, held] and not held.executing


def test_a_standby_thread_that_is_held_up_is_replaced_in_turn(stage: Stage) -> None:
    let_go = threading.Event()
    runs = stage.submit(*[let_go.wait] * 4)
    thread = threading.Thread(target=stage.lead)
    thread.start()
    wait_until(lambda: sum(run.executing for run in runs) == 4)
    assert stage.leaders[1:4] == ["kue-io"] * 3
    let_go.set()
    wait_until(lambda: len(stage.ran) == 4)
    thread.join(5)


def test_the_standby_thread_sleeps_again_a_while_after_the_last_call(stage: Stage) -> None:
    stage.submit(nothing)
    stage.lead()
    assert stage.inline._awake.is_set()
    wait_until(lambda: not stage.inline._awake.is_set())


def test_runs_go_to_handler_threads_if_no_standby_thread_can_start(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    runs = stage.submit(nothing, nothing)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        stage.lead()
    assert (stage.ran, stage.elsewhere) == ([], runs)


def test_a_job_goes_back_to_its_queue_if_no_thread_can_start(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("can't start new thread")

    (run,) = stage.submit(nothing)
    monkeypatch.setattr(stage.inline, "_start_on_thread", fail)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError, match="new thread"):
            stage.inline.run()
    assert run.settled and not run.executing


def test_an_exception_is_raised_on_the_leading_thread_and_the_next_run_is_watched(stage: Stage) -> None:
    def trouble() -> None:
        raise ValueError("trouble")

    run, other = stage.submit(trouble, nothing)
    with pytest.raises(ValueError, match="trouble"):
        stage.inline.run()
    assert not run.executing and stage.inline.waiting
    stage.lead()
    assert stage.ran == [other] and stage.leaders[1:] == []


def test_an_exception_of_a_replaced_thread_does_not_reach_the_io_thread(stage: Stage) -> None:
    let_go = threading.Event()

    def trouble() -> None:
        let_go.wait(20)
        raise ValueError("trouble")

    run, other = stage.submit(trouble, nothing)
    came_back: list[bool] = []
    thread = threading.Thread(target=lambda: came_back.append(stage.inline.run()))
    thread.start()
    wait_until(lambda: stage.ran == [other])
    let_go.set()
    thread.join(5)
    assert came_back == [False] and not run.executing


def test_no_run_is_executed_inline_after_the_end(stage: Stage) -> None:
    stage.inline.stop()
    (run,) = stage.submit(nothing)
    assert stage.inline.run()
    assert stage.elsewhere == [run]


def test_a_handler_is_short_once_it_was_so_for_a_while_and_a_long_run_counts_for_long() -> None:
    duration = Handler(lambda job: None).duration
    assert not duration.is_short
    runs = 0
    while not duration.is_short:
        duration.record(5e-6)
        runs += 1
    assert 10 < runs < 50

    duration.record(3600)
    runs = 0
    while not duration.is_short:
        duration.record(5e-6)
        runs += 1
    assert 40 < runs < 100


def test_a_handler_that_is_not_short_stays_on_handler_threads() -> None:
    duration = Handler(lambda job: None).duration
    for _ in range(1000):
        duration.record(80e-6)
    assert not duration.is_short
