"""A thread that is needed once runs once, whoever starts it: several threads, or a handler inside the start itself."""

import threading
from collections.abc import Callable

import pytest

from kue.common.sole_thread import SoleThread
from tests.helpers import wait_until

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def ran() -> list[threading.Thread]:
    return []


@pytest.fixture
def note(ran: list[threading.Thread]) -> Callable[[], None]:
    return lambda: ran.append(threading.current_thread())


def test_it_runs_once_however_often_it_is_started(ran: list[threading.Thread], note: Callable[[], None]) -> None:
    sole = SoleThread(note, "sole")
    starters = [threading.Thread(target=sole.start) for _ in range(20)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    sole.join(10)
    assert [thread.name for thread in ran] == ["sole"]
    assert not sole.is_alive


def test_a_start_inside_an_interrupted_start_has_the_thread_running(
    ran: list[threading.Thread], note: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    sole, start = SoleThread(note, "sole"), threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        monkeypatch.undo()
        sole.start()
        wait_until(lambda: ran)  # though the thread of the outer start has not started
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    sole.start()
    sole.join(10)
    assert len(ran) == 1


def test_it_does_not_start_once_it_is_retired(ran: list[threading.Thread], note: Callable[[], None]) -> None:
    sole = SoleThread(note, "sole")
    assert not sole.retire()
    sole.start()
    sole.join(10)
    assert ran == []


def test_a_thread_that_was_started_before_runs_though_it_is_retired(
    ran: list[threading.Thread], note: Callable[[], None]
) -> None:
    sole = SoleThread(note, "sole")
    sole.start()
    assert sole.retire()
    sole.join(10)
    assert len(ran) == 1


def test_it_does_not_wait_for_itself() -> None:
    current: list[bool] = []

    def work() -> None:
        sole.join(60)
        current.append(sole.is_current)

    sole = SoleThread(work, "sole")
    sole.start()
    sole.join(10)
    assert current == [True] and not sole.is_current
