"""The first signal is noted, a second one calls `again`; one that comes right after the first is its echo."""

import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from kue.cli.worker.signals import ECHO_SECONDS, QUIET, STOPPING, Signals, Stopped


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def clock(now: list[float]) -> Callable[[], float]:
    return lambda: now[0]


@pytest.fixture(autouse=True)
def not_under_nohup() -> Iterator[None]:
    former = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, former)


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


def test_sigusr1_makes_quiet_and_asks_for_no_end() -> None:
    with Signals(heeds_quiet=True) as signals:
        for _ in range(3):
            os.kill(os.getpid(), QUIET)
            assert not signals.wait()  # it wakes
        assert (signals.quiet, signals.received) == (True, None)
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.wait() and signals.received == signal.SIGTERM


def test_sigusr1_is_left_alone_if_it_is_not_asked_for() -> None:
    with Signals():
        assert signal.getsignal(QUIET) == signal.SIG_DFL


def test_sighup_stays_ignored_under_nohup() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGHUP)
        assert not signals.wait(0)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_a_block_is_interrupted_by_the_first_signal_alone(now: list[float], clock: Callable[[], float]) -> None:
    left: list[int] = []
    with Signals(again=left.append, clock=clock) as signals:
        with pytest.raises(Stopped), signals.interrupting():
            os.kill(os.getpid(), signal.SIGTERM)
            pytest.fail("it was not interrupted")
        now[0] += ECHO_SECONDS
        os.kill(os.getpid(), signal.SIGTERM)
        assert left == [signal.SIGTERM]


def test_a_block_is_not_entered_after_a_signal() -> None:
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Stopped), signals.interrupting():
            pytest.fail("it was entered")


def test_a_thread_learns_of_a_signal_that_arrives_in_a_block() -> None:
    arrived: list[bool] = []
    with Signals() as signals:
        waiting = threading.Thread(target=lambda: arrived.append(signals.wait_for_arrival()))
        with pytest.raises(Stopped), signals.interrupting():
            waiting.start()
            os.kill(os.getpid(), signal.SIGTERM)
        waiting.join(10)
    assert arrived == [True]


def test_a_thread_that_waits_for_a_signal_learns_that_none_will_come() -> None:
    arrived: list[bool] = []
    with Signals() as signals:
        waiting = threading.Thread(target=lambda: arrived.append(signals.wait_for_arrival()))
        waiting.start()
        signals.wake()
        waiting.join(10)
    assert arrived == [False]
