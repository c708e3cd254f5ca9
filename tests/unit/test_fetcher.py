"""What the fetcher asks Redis for, and what it does with tokens."""

from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import ResponseError

import kue
from kue.common.error_reporter import ErrorReporter
from kue.common.timer_queue import TimerQueue
from kue.connection.connection import Command
from kue.store.commands import Commands
from kue.store.keys import Keys
from kue.store.transitions import Transitions
from kue.worker.fetcher import Fetcher
from kue.worker.handler import Handler
from kue.worker.io.calls import Take
from kue.worker.io.pacing import Pacing
from kue.worker.slots import AllSlots, TypeSlots

COMMANDS = Commands(Keys("q"))


class Desk:
    """A fetcher of three slots for one type, beside which nothing else is to be sent."""

    def __init__(self) -> None:
        self.reported: list[BaseException] = []
        store = SimpleNamespace(commands=COMMANDS, transitions=Transitions(Keys("q")), clock=lambda: 5)
        runtime: Any = SimpleNamespace(
            store=store,
            options=SimpleNamespace(lease=60_000),
            fleet=SimpleNamespace(size=1),
            error_reporter=ErrorReporter(self.reported.append),
        )
        nothing: Any = SimpleNamespace(checks=list, calls=list, reopen_slots=lambda: None)
        executor: Any = None
        lease: Any = SimpleNamespace(is_valid=True)
        loop: Any = SimpleNamespace(timers=TimerQueue(lambda: 0.0), pacing=Pacing())
        self.slots = TypeSlots("email")
        for n in range(3):
            self.slots.add(f"kue:host:7-beef00011:email:{n}", Handler(lambda job: None))
        self.fetcher = Fetcher(
            runtime,
            kue.Job,
            "kue:host:7-beef00011",
            slots=AllSlots(email=self.slots),
            executor=executor,
            tracker=nothing,
            deadlines=nothing,
            lease=lease,
            loop=loop,
        )

    def sent(self) -> list[Command]:
        """What it asks for in one round."""
        return [call.command for call in self.fetcher.takes(5)]

    def take(self) -> Take:
        [call] = self.fetcher.takes(5)
        assert isinstance(call, Take)
        return call


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_token_that_came_just_before_a_pause_is_given_back_once(desk: Desk) -> None:
    desk.take().answered([0, []])
    desk.fetcher.token("email")
    desk.slots.paused = True
    assert desk.sent() == [COMMANDS.give_token("email")]
    assert desk.sent() == []


def test_a_token_that_no_slot_waits_for_is_given_back_once(desk: Desk) -> None:
    desk.slots.paused = True
    desk.fetcher.token("email")
    assert desk.sent() == [COMMANDS.give_token("email")]
    assert desk.sent() == []


def test_a_take_that_found_as_many_jobs_as_it_asked_for_is_followed_by_another(desk: Desk) -> None:
    """There may be more of them, also such as have no token."""
    first = desk.take()
    assert first.count == 3
    first.answered([3, []])
    desk.take().answered([2, []])
    assert desk.sent() == []


def test_takes_that_are_refused_one_after_another_are_reported_once_and_again_after_a_success(desk: Desk) -> None:
    refused = ResponseError("WRONGTYPE")
    for reply, reports in ((refused, 1), (refused, 1), ([0, []], 1), (refused, 2)):
        desk.fetcher.token("email")
        takes = [call for call in desk.fetcher.takes(5) if isinstance(call, Take)]
        takes[0].answered(reply)
        assert len(desk.reported) == reports
