"""A shutdown with a timeout returns within it and two seconds, whatever does not end, and reports what it left."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kue.cli.worker.serving import Stopping, stop_all
from tests.helpers import wait_until
from tests.integration.conftest import MakeQueue

# Each part that does not end took five seconds of a shutdown before, one after another.
GENEROUS_SECONDS = 9.0


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds up what does not end, at most until the test is over."""
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def reported(caplog: pytest.LogCaptureFixture) -> Callable[[], list[tuple[str, str]]]:
    """The level and text of what a shutdown has reported."""
    caplog.set_level(logging.INFO, "kue")
    return lambda: [(r.levelname, r.getMessage()) for r in caplog.records if "is shut down" in r.getMessage()]


def shut_down(queue: Any, timeout: float = 100, **options: Any) -> None:
    """In time."""
    began = time.monotonic()
    queue.shutdown(timeout, **options)
    assert time.monotonic() - began < GENEROUS_SECONDS


@pytest.mark.slow
def test_a_shutdown_does_not_wait_for_what_does_not_end(
    make_queue: MakeQueue, gate: threading.Event, reported: Callable[[], list[Any]]
) -> None:
    queue, held = make_queue(send=True), []

    def hold(job: Any) -> None:
        held.append(job)
        gate.wait()

    async def blocks(job: Any) -> None:
        hold(job)

    queue.on("greeting", hold)
    queue.process("plain", hold)
    queue.process("coroutine", blocks)
    queue.create("quick").promise().add_done_callback(hold)
    queue.process("quick", lambda job: None)  # not before, else this thread may make the call
    queue.save_all([queue.create("plain"), queue.create("coroutine")])
    queue.runtime.hub.dispatcher.post(queue.emit, "greeting")
    wait_until(lambda: len(held) == 4)
    shut_down(queue, requeue=True)
    run_on = "a done-callback of a promise, a listener, a coroutine that holds up the event loop, 1 handler"
    assert reported() == [("WARNING", f"the queue is shut down, but these run on: {run_on}")]


def test_a_shutdown_reports_how_many_calls_a_slow_listener_keeps_waiting(
    queue: Any, gate: threading.Event, reported: Callable[[], list[Any]]
) -> None:
    queue.on("greeting", lambda: gate.wait() and None)
    for _ in range(3):
        queue.runtime.hub.dispatcher.post(queue.emit, "greeting")
    wait_until(lambda: queue.runtime.hub.dispatcher.waiting == 2)
    shut_down(queue)
    run_on = "the queue is shut down, but these run on: a listener (for which 2 others wait)"
    assert reported() == [("WARNING", run_on)]


def test_a_shutdown_spends_its_timeout_once_for_all_its_threads(
    queue: Any, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kue.events.hub._STOP_SECONDS", 60.0)
    queue.on("greeting", lambda: gate.wait() and None)
    queue.runtime.hub.dispatcher.post(queue.emit, "greeting")
    shut_down(queue)


def test_that_plain_handlers_run_on_is_no_warning(
    queue: Any, gate: threading.Event, reported: Callable[[], list[Any]]
) -> None:
    queue.process("email", 2, lambda job: gate.wait())
    queue.save_all(queue.create("email") for _ in range(2))
    wait_until(lambda: queue.active_count() == 2)
    shut_down(queue)
    assert reported() == [("INFO", "the queue is shut down, but these run on: 2 handlers")]


def test_a_shutdown_that_leaves_nothing_reports_nothing(queue: Any, reported: Callable[[], list[Any]]) -> None:
    queue.on("job complete", lambda: None)
    queue.process("email", lambda job: None)
    queue.create("email").save()
    wait_until(lambda: queue.complete_count() == 1)
    shut_down(queue, 10_000)
    assert reported() == []


def test_all_queues_of_a_worker_stop_at_once(make_queue: MakeQueue, gate: threading.Event) -> None:
    """One does not take jobs until the handlers of another have ended, nor add its timeout to that of the other."""
    queues, look = [make_queue(prefix=prefix) for prefix in "abc"], make_queue()
    for queue in queues:
        queue.process("email", lambda job: gate.wait())
        queue.save_all(queue.create("email") for _ in range(2))
    wait_until(lambda: all(queue.active_count() == 1 for queue in queues))
    stopping = threading.Thread(target=stop_all, args=[Stopping(60, requeue=True)])
    stopping.start()
    wait_until(lambda: all(queue.is_shut_down for queue in queues))
    gate.set()
    stopping.join(30)
    assert not stopping.is_alive()
    assert {key.decode() for key in look.client.keys("*:jobs:active")} == set()
