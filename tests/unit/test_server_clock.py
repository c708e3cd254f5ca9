"""The clock of a server: which reading of it counts, how it counts on in between, and when it is read again."""

import pytest
from redis.exceptions import NoPermissionError

from kue.connection.server_clock import ServerClock

OWN = 5_000_000_000_000  # what this machine takes for the time, which is wrong
START = 1_700_000_000_000.0  # the server's, when the steady clock is at 0


class Place:
    """A server's clock, and the steady clock of a machine, at which a test reads it."""

    def __init__(self) -> None:
        self.steady = 0.0
        self.server = START  # ms
        self.clock = ServerClock(lambda: self.steady, lambda: OWN)

    def passes(self, ms: float) -> None:
        self.steady += ms / 1000
        self.server += ms

    def read(self, there: float = 0.0, back: float = 0.0, reply: object = None) -> None:
        """One reading, with so many ms for the question and so many for the answer."""
        asked_at = 0.0

        def send() -> None:
            nonlocal asked_at
            self.passes(there)
            asked_at = self.server

        def receive() -> object:
            self.passes(back)
            microseconds = round(asked_at * 1000)
            return [b"%d" % (microseconds // 1_000_000), b"%d" % (microseconds % 1_000_000)] if reply is None else reply

        self.clock.read(send, receive)

    @property
    def error(self) -> int:
        """By how many ms it is wrong."""
        return self.clock() - int(self.server)


@pytest.fixture
def place() -> Place:
    return Place()


def test_until_the_server_was_asked_the_time_of_this_machine_counts(place: Place) -> None:
    assert place.clock() == OWN
    assert not place.clock.was_asked


def test_a_reading_counts_from_then_on_and_the_steady_clock_goes_on(place: Place) -> None:
    place.read()
    assert place.clock.was_asked
    for ms in (0, 1, 999, 3_600_000):
        place.passes(ms)
        assert place.error == 0


def test_a_reading_is_taken_for_the_middle_of_its_round_trip(place: Place) -> None:
    place.read(there=20, back=20)
    assert place.error == 0
    slow = Place()
    slow.read(there=0, back=700)  # beside a slow script
    assert slow.error == -350


def test_the_shortest_round_trip_of_the_last_five_counts(place: Place) -> None:
    place.read(back=10)
    assert place.error == -5
    place.read(back=2)
    assert place.error == -1
    for _ in range(4):
        place.read(there=700)
        assert place.error == -1
    place.read(there=600)
    assert place.error == 300


def test_a_server_whose_clock_is_set_is_followed_at_the_next_reading(place: Place) -> None:
    place.read(back=1)
    for step in (3_600_000, -7_200_000, 100):
        place.server += step
        assert abs(place.error) == pytest.approx(abs(step), abs=1)
        place.read(there=40, back=40)
        assert place.error == 0


def test_a_reading_that_agrees_with_a_better_one_changes_nothing(place: Place) -> None:
    place.read(back=2)
    place.server += 100
    place.read(back=300)  # as far as it can tell, the clock was not set
    assert place.error == -101


def test_the_first_reading_after_a_lost_link_counts_alone(place: Place) -> None:
    """It may be of another server, which agrees with the one before as far as the slow reading can tell."""
    place.read()
    place.server += 100
    place.clock.link_lost()
    assert place.error == -100  # the last reading counts until then
    place.read(there=200, back=200)
    assert place.error == 0
    place.server += 100
    place.read(there=300, back=300)
    assert place.error == -100  # it starts over only once


def test_a_server_that_refuses_to_tell_leaves_the_time_of_this_machine(place: Place) -> None:
    place.read(reply=NoPermissionError("no permissions to run the 'time' command"))
    assert place.clock() == OWN
    assert place.clock.was_asked  # or each save would ask first
    place.read()
    place.read(reply=NoPermissionError("no more"))
    assert place.error == 0


def test_another_reading_is_due_after_a_minute_if_the_time_is_in_use(place: Place) -> None:
    place.read()
    place.passes(59_999)
    place.clock()
    assert not place.clock.is_due
    place.passes(2)
    assert not place.clock.is_due
    place.clock()
    assert place.clock.is_due
    place.read()
    assert not place.clock.is_due


def test_a_forked_child_asks_anew_and_what_its_parent_read_counts_until_then(place: Place) -> None:
    place.read()
    place.clock.after_fork()
    assert not place.clock.was_asked
    assert place.error == 0
    place.read(back=700)
    assert place.error == -350


def test_another_reading_is_due_after_a_second_if_the_server_was_held_up(place: Place) -> None:
    place.read(there=2000)
    assert place.error == 1000
    place.passes(1001)
    place.clock()
    assert place.clock.is_due
    place.read(there=3, back=1)
    assert place.error == 1
    place.passes(59_000)
    place.clock()
    assert not place.clock.is_due
