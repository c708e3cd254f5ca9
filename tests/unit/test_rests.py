"""How a type rests while a pause or a limit holds its jobs back: no takes, no waits, and an end in time."""

from types import SimpleNamespace
from typing import Any

import pytest

from kue.common.timer_queue import TimerQueue
from kue.worker.rests import FULL, FULL_REST_SECONDS
from tests.unit.test_fetcher import COMMANDS, Desk


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class RestDesk(Desk):
    """A fetcher whose timers go by a clock of the test, and whose runs can end."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.timers = TimerQueue(self.clock)
        self.fetcher._rests._timers = self.timers
        nothing: Any = SimpleNamespace(ended=lambda run: None, release=lambda run, slots: None, checks=list, calls=list)
        nothing.reopen_slots = lambda: None
        self.fetcher._deadlines = self.fetcher._tracker = nothing

    def after(self, seconds: float) -> None:
        self.clock.now += seconds
        self.timers.run_due()

    def run_ended(self) -> None:
        report: Any = SimpleNamespace(run=SimpleNamespace(type="email", has_deadline=False))
        self.fetcher.ended(report)

    @property
    def is_resting(self) -> bool:
        """Whether nothing is asked for, and no token waited for."""
        asks = self.sent() or self.fetcher.wants_more or self.fetcher.idle_types()
        return not asks and self.slots.is_held_back


@pytest.fixture
def desk() -> RestDesk:
    return RestDesk()


def test_a_type_rests_for_as_long_as_the_reply_says_and_then_looks(desk: RestDesk) -> None:
    desk.take().answered([-700, []])
    assert desk.is_resting
    desk.after(0.69)
    assert desk.is_resting
    desk.after(0.02)
    assert desk.take().count == 3


def test_a_full_type_rests_for_half_a_second(desk: RestDesk) -> None:
    desk.take().answered([FULL, []])
    desk.after(FULL_REST_SECONDS - 0.01)
    assert desk.is_resting
    desk.after(0.02)
    assert desk.take().count == 3


def test_a_full_type_looks_as_soon_as_a_run_of_it_ends_here(desk: RestDesk) -> None:
    desk.take().answered([FULL, []])
    assert desk.is_resting
    desk.run_ended()
    assert desk.take().count == 3


def test_a_run_that_ends_does_not_end_the_rest_of_a_pause_or_a_rate(desk: RestDesk) -> None:
    desk.take().answered([-700, []])
    desk.run_ended()
    assert desk.is_resting


def test_a_run_that_ended_while_the_take_was_on_its_way_may_have_left_room(desk: RestDesk) -> None:
    take = desk.take()
    desk.run_ended()
    take.answered([FULL, []])
    desk.take().answered([FULL, []])  # nothing has ended since it was sent
    assert desk.is_resting


def test_a_run_that_ended_before_the_take_was_counted_by_it(desk: RestDesk) -> None:
    desk.run_ended()
    desk.take().answered([FULL, []])
    assert desk.is_resting


def test_the_last_reply_decides_how_long_a_type_rests(desk: RestDesk) -> None:
    first, desk.slots.requested = desk.take(), 0
    second = desk.take()
    desk.slots.requested = 6
    first.answered([FULL, []])
    second.answered([-900, []])
    desk.run_ended()
    desk.after(0.8)
    assert desk.is_resting
    desk.after(0.2)
    assert desk.take().count == 3


def test_a_token_for_a_resting_type_is_given_back_once(desk: RestDesk) -> None:
    desk.take().answered([-700, []])
    desk.fetcher.token("email")
    assert desk.sent() == [COMMANDS.give_token("email")]
    assert desk.is_resting


def test_a_token_that_came_while_the_take_was_on_its_way_is_given_back(desk: RestDesk) -> None:
    take = desk.take()
    desk.slots.tokens = 1
    take.answered([-700, []])
    assert desk.sent() == [COMMANDS.give_token("email")]
    assert desk.is_resting


def test_a_new_connection_does_not_end_a_rest(desk: RestDesk) -> None:
    desk.take().answered([-700, []])
    desk.fetcher.reconnected()
    assert desk.is_resting
    desk.after(1)
    assert desk.take().count == 3
