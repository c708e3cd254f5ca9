"""Shared slots without Redis: no more are asked for than are free, and types that get no slot are asked about."""

from typing import Any

import pytest

from kue.common.timer_queue import TimerQueue
from kue.store.commands import Commands
from kue.store.keys import Keys
from kue.worker.handler import Handler
from kue.worker.intake import intake
from kue.worker.io.calls import Take
from kue.worker.shared_turns import KNOWN_FOR_SECONDS, SharedTurns
from kue.worker.slots import AllSlots, TypeSlots

COMMANDS = Commands(Keys("q"))
HANDLER = Handler(lambda job: None)


class Place:
    """Two types that share some slots, and a clock that the test moves."""

    def __init__(self, shared: int = 1) -> None:
        assert intake.is_open
        self.now = 1000.0
        self.slots = AllSlots()
        self.email, self.pdf = (self.slots.setdefault(type, TypeSlots(type)) for type in ("email", "pdf"))
        self.slots.share("kue:box:1-abc", ["email", "pdf"], shared, HANDLER)
        self.timers = TimerQueue(lambda: self.now)
        self.turns = SharedTurns(self.slots, COMMANDS, self.timers, lambda: self.now)
        self.pdf.should_look = False

    def take(self, slots: TypeSlots, count: int) -> Take:
        return Take((), slots, count, 1, lambda take, reply: None, lambda take: None)

    def asked(self, *, took: bool = True) -> list[Any]:
        return [call.command for call in self.turns.after_takes(took=took)]


@pytest.fixture
def place() -> Place:
    return Place()


CHECK = ("ZCARD", "q:jobs:pdf:inactive")


def test_a_take_of_one_type_leaves_less_to_the_other() -> None:
    place = Place(shared=3)
    take = place.take(place.email, 2)
    assert (place.email.wanted, place.pdf.wanted) == (1, 1)
    other = place.take(place.pdf, 1)
    assert (place.email.wanted, place.pdf.wanted) == (0, 0)
    take.answered([0, []])
    assert (place.email.wanted, place.pdf.wanted) == (2, 2)
    other.dropped(sent=True)
    assert (place.email.wanted, place.pdf.wanted) == (3, 3)


def test_slots_of_the_type_alone_are_taken_first() -> None:
    place = Place(shared=2)
    for number in range(2):
        place.email.add(f"email {number}", HANDLER)
    assert (place.email.wanted, place.pdf.wanted) == (4, 2)
    [shared] = place.slots.shared
    takes = [place.take(place.email, 1), place.take(place.email, 2)]
    assert [list(take.shared) for take in takes] == [[], [shared]]
    assert (place.email.wanted, place.pdf.wanted) == (1, 1)
    for take in takes:
        take.dropped(sent=False)
    assert (place.email.wanted, place.pdf.wanted, place.email.requested, shared.requested) == (4, 2, 0, 0)


def test_the_type_whose_last_take_was_longest_ago_is_first() -> None:
    place = Place(shared=9)
    assert place.slots.in_turn() == [place.email, place.pdf]
    place.take(place.email, 1)
    assert place.slots.in_turn() == [place.pdf, place.email]
    place.take(place.pdf, 1)
    assert place.slots.in_turn() == [place.email, place.pdf]


def test_a_type_that_is_left_no_slot_is_asked_about_with_the_take(place: Place) -> None:
    assert place.asked(took=False) == []
    place.take(place.email, 1)
    assert place.asked() == [CHECK]


@pytest.mark.parametrize(("reply", "looks"), [(0, False), (3, True)])
def test_the_answer_decides_whether_it_looks(place: Place, reply: int, looks: bool) -> None:
    place.take(place.email, 1)
    [check] = place.turns.after_takes(took=True)
    check.answered(reply)
    assert place.pdf.should_look is looks


@pytest.mark.parametrize("held_back", ["paused", "stopping", "closed", "should_look"])
def test_a_type_that_takes_no_jobs_or_looks_anyway_is_not_asked_about(place: Place, held_back: str) -> None:
    setattr(place.pdf, held_back, True)
    place.take(place.email, 1)
    assert place.asked() == []


def test_a_type_that_has_a_free_slot_is_waited_for_instead() -> None:
    place = Place(shared=2)
    place.take(place.email, 1)
    assert place.asked() == []


def test_checks_are_not_sent_more_often_than_every_five_milliseconds_and_none_is_forgotten(place: Place) -> None:
    place.take(place.email, 1)
    assert place.asked() == [CHECK]
    place.now += 0.004
    assert place.asked() == place.asked(took=False) == []
    assert place.timers.wait(60) == pytest.approx(0.001)
    place.now += 0.001
    place.timers.run_due()
    assert place.asked(took=False) == [CHECK]
    assert place.timers.wait(60) == 60
    place.now += 1
    assert place.asked(took=False) == []


def test_a_type_that_was_left_out_for_a_while_looks_at_the_next_free_slot(place: Place) -> None:
    take = place.take(place.email, 1)
    [check] = place.turns.after_takes(took=True)
    check.answered(0)
    place.now += KNOWN_FOR_SECONDS
    place.turns.before_takes()
    assert not place.pdf.should_look, "no slot is free"
    take.answered([0, []])
    place.turns.before_takes()
    assert place.pdf.should_look


def test_a_type_that_was_asked_about_a_moment_ago_does_not_look(place: Place) -> None:
    take = place.take(place.email, 1)
    place.asked()
    place.now += KNOWN_FOR_SECONDS * 0.9
    [check] = place.turns.after_takes(took=True)
    check.answered(0)
    place.now += KNOWN_FOR_SECONDS * 0.9
    take.answered([0, []])
    place.turns.before_takes()
    assert not place.pdf.should_look


def test_a_type_that_leaves_keeps_nothing_and_the_last_one_ends_the_slots(place: Place) -> None:
    [shared] = place.slots.shared
    place.email.leave([shared])
    assert (place.email.wanted, place.pdf.wanted, [slot.type for slot in shared.slots]) == (0, 1, ["pdf"])
    place.pdf.leave([shared])
    assert (place.pdf.wanted, shared.slots, place.slots.workers) == (0, [], [])
