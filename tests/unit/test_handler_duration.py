"""How long a handler takes, by which it runs on the I/O thread or on one of its own."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import kue.worker.execution.executor as executor_module
import kue.worker.run as run_module
from kue.worker.execution.executor import Executor
from kue.worker.handler import Handler
from kue.worker.run import Run

CALLS = 60  # after which a first guess counts no more


class Stage:
    """An executor, and an I/O thread that keeps each thread from going on for a second by a clock made by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.reported = threading.Event()
        reporter: Any = None
        self.executor = Executor(reporter, lambda run: None)

    def notify(self, run: Run) -> None:
        self.seconds += 1
        self.reported.set()

    def flush(self) -> None:
        raise AssertionError("nothing to wait for")

    def ttl_changed(self, run: Run) -> None:
        raise AssertionError("no ttl changed")

    def call(self, handler: Handler) -> None:
        job: Any = SimpleNamespace(id=1, type="email", set_options=None)
        run = Run(job, "kue:host:7-b:email:1", 1, 0, self)
        slot: Any = SimpleNamespace(running=True)
        slots: Any = SimpleNamespace(paused=False, stopping=False)
        run.handler, run.slot, run.type_slots = handler, slot, slots
        self.executor._call(run)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    stage = Stage()
    clock = SimpleNamespace(monotonic=lambda: stage.seconds)
    monkeypatch.setattr(executor_module, "time", clock)
    monkeypatch.setattr(run_module, "time", clock)
    yield stage
    stage.executor.stop()


def test_the_wait_for_the_io_thread_after_the_outcome_does_not_count(stage: Stage) -> None:
    handler = Handler(lambda job: None)
    for _ in range(CALLS):
        stage.call(handler)
    assert stage.reported.is_set()
    assert handler.duration.is_short


def test_the_time_before_the_outcome_counts(stage: Stage) -> None:
    def takes_a_millisecond(job: Any) -> None:
        stage.seconds += 0.001

    handler = Handler(takes_a_millisecond)
    for _ in range(CALLS):
        stage.call(handler)
    assert not handler.duration.is_short


def test_the_time_after_a_call_of_done_counts(stage: Stage) -> None:
    def goes_on(job: Any, done: Any) -> None:
        done()
        stage.seconds += 0.001

    handler = Handler(goes_on)
    for _ in range(CALLS):
        stage.call(handler)
    assert not handler.duration.is_short
