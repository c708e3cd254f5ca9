"""The first signal is noted, a second one calls `again`; one that comes right after the first is its echo."""

import os
import signal
import threading
from collections.abc import Callable

import pytest

from kue.cli.worker.signals import ECHO_SECONDS, STOPPING, Signals


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def clock(now: list[float]) -> Callable[[], float]:
    return lambda: now[0]


@pytest.mark.parametrize("number", STOPPING)
def test_the_first_signal_is_noted_and_wakes(number: int) -> None:
    with Signals() as signals:
        assert not signals.wait(0)
        os.kill(os.getpid(), number)
        assert signals.wait()
        assert (signals.received, signals.exit_code) == (number, 128 + number)


def test_a_signal_stays_noted() -> None:
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.wait()
        assert signals.wait(0)


def test_the_second_signal_ends_the_process(now: list[float], clock: Callable[[], float]) -> None:
    left: list[int] = []
    with Signals(again=left.append, clock=clock) as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        signals.wait()
        now[0] += ECHO_SECONDS
        os.kill(os.getpid(), signal.SIGINT)
        assert (signals.received, left) == (signal.SIGTERM, [signal.SIGINT])


def test_an_echo_of_the_first_signal_does_not_end_the_process(now: list[float], clock: Callable[[], float]) -> None:
    left: list[int] = []
    with Signals(again=left.append, clock=clock):
        os.kill(os.getpid(), signal.SIGTERM)
        now[0] += ECHO_SECONDS - 0.001
        os.kill(os.getpid(), signal.SIGTERM)
        assert left == []


def test_other_descriptors_wake_without_a_signal() -> None:
    reading, writing = os.pipe()
    with Signals() as signals, open(reading, "rb"), open(writing, "wb") as news:
        threading.Timer(0, lambda: (news.write(b"!"), news.flush())).start()
        assert not signals.wait(None, reading)


def test_the_former_handlers_are_back_afterwards() -> None:
    before = [signal.getsignal(number) for number in STOPPING]
    with Signals():
        assert [signal.getsignal(number) for number in STOPPING] != before
    assert [signal.getsignal(number) for number in STOPPING] == before
