"""Timers: any thread schedules a call, one thread makes it, by a clock that the test moves."""

import logging

import pytest

from kue.common.timer_queue import Timer, TimerQueue


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timers(clock: Clock) -> TimerQueue:
    return TimerQueue(clock)


def test_a_call_is_made_when_it_is_due_and_once(clock: Clock, timers: TimerQueue) -> None:
    made: list[str] = []
    timers.add(1.5, lambda: made.append("a"))
    timers.run_due()
    clock.now = 101.49
    timers.run_due()
    assert made == []
    clock.now = 101.5
    timers.run_due()
    timers.run_due()
    assert made == ["a"]


def test_calls_are_made_by_time_and_those_of_one_moment_in_the_order_they_came(
    clock: Clock, timers: TimerQueue
) -> None:
    made: list[str] = []
    for delay, name in ((2.0, "c"), (1.0, "a"), (1.0, "b"), (3.0, "d"), (0.0, "now"), (-5.0, "past")):
        timers.add(delay, lambda name=name: made.append(name))  # type: ignore[misc]
    clock.now += 2.5
    timers.run_due()
    assert made == ["past", "now", "a", "b", "c"]


def test_the_wait_is_until_the_next_call_and_no_longer_than_asked(clock: Clock, timers: TimerQueue) -> None:
    assert timers.wait(7.0) == 7.0
    timers.add(3.0, lambda: None)
    timers.add(5.0, lambda: None)
    assert (timers.wait(7.0), timers.wait(2.0)) == (3.0, 2.0)
    clock.now += 4.0
    assert timers.wait(7.0) == 0.0
    timers.run_due()
    assert timers.wait(7.0) == 1.0


def test_a_cancelled_call_is_neither_made_nor_waited_for(clock: Clock, timers: TimerQueue) -> None:
    made: list[str] = []
    first = timers.add(1.0, lambda: made.append("first"))
    timers.add(2.0, lambda: made.append("second"))
    first.cancel()
    assert timers.wait(7.0) == 2.0
    clock.now += 5.0
    timers.run_due()
    first.cancel()
    assert made == ["second"]


def test_a_call_may_cancel_another_that_is_due_with_it(clock: Clock, timers: TimerQueue) -> None:
    made: list[str] = []

    def first() -> None:
        second.cancel()

    timers.add(1.0, first)
    second = timers.add(1.0, lambda: made.append("second"))
    clock.now += 1.0
    timers.run_due()
    assert made == []


def test_cancelled_calls_are_dropped_long_before_they_are_due(clock: Clock, timers: TimerQueue) -> None:
    made: list[int] = []
    for wave in range(10):
        waiting = [timers.add(86_400 + n, lambda: None) for n in range(1000)]
        timers.add(1.0 + wave, lambda wave=wave: made.append(wave))  # type: ignore[misc]
        for timer in waiting:
            timer.cancel()
        timers.wait(0.0)
        assert len(timers._heap) < 100
    clock.now += 86_400 * 2
    timers.run_due()
    assert made == list(range(10))


def test_cancelling_a_call_that_was_made_does_nothing(timers: TimerQueue) -> None:
    late = [timers.add(0.0, lambda: None) for _ in range(1000)]
    timers.run_due()
    for timer in late:
        timer.cancel()
    assert timers.cancelled == 0


def test_a_call_may_ask_for_another(clock: Clock, timers: TimerQueue) -> None:
    made: list[str] = []

    def again() -> None:
        made.append(f"at {clock.now}")
        if len(made) < 3:
            timers.add(1.0, again)

    timers.add(1.0, again)
    for _ in range(5):
        clock.now += 1.0
        timers.run_due()
    assert made == ["at 101.0", "at 102.0", "at 103.0"]


@pytest.mark.parametrize("problem", [ValueError("boom"), SystemExit(1)])
def test_a_call_that_raises_is_logged_and_the_next_is_made(
    clock: Clock, timers: TimerQueue, problem: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    made: list[str] = []

    def bad() -> None:
        raise problem

    timers.add(0.0, bad)
    timers.add(0.0, lambda: made.append("next"))
    with caplog.at_level(logging.ERROR, "kue"):
        timers.run_due()
    assert made == ["next"]
    assert [(record.name, record.getMessage()) for record in caplog.records] == [("kue", "a timer's call failed")]
    assert caplog.records[0].exc_info and caplog.records[0].exc_info[1] is problem


def test_a_timer_that_a_signal_handler_adds_while_cancelled_ones_are_dropped_is_kept(
    clock: Clock, timers: TimerQueue
) -> None:
    made: list[str] = []

    class Interrupted(Timer):
        """The signal comes when the timer is looked at."""

        __slots__ = ()

        @property
        def call(self) -> None:
            if not added:
                added.append(timers.add(1.0, lambda: made.append("of the handler")))

        @call.setter
        def call(self, value: object) -> None: ...

    added: list[Timer] = []
    cancelled = [timers.add(60.0, lambda: made.append("cancelled")) for _ in range(100)]
    timers._heap.append((200.0, 100, Interrupted(timers, 200.0, lambda: None)))
    for timer in cancelled:
        timer.cancel()
    timers.add(1.0, lambda: made.append("own"))
    clock.now += 1.0
    timers.run_due()
    assert sorted(made) == ["of the handler", "own"]
