"""How long a supervisor waits before it starts a process again."""

from kue.cli.worker.process import ending
from kue.cli.worker.serving import Serving
from kue.cli.worker.supervisor import LONGEST_PAUSE, WELL_AFTER, Place

SERVING = Serving(1, {"email": 1}, "redis://127.0.0.1:6379/0", "q", embedded=False)


def test_each_death_doubles_the_pause_up_to_a_limit() -> None:
    place = Place(1)
    pauses = [place.pause(now) for now in range(9)]
    assert pauses == [0.5, 1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_a_process_that_was_well_is_replaced_quickly() -> None:
    place = Place(1)
    place.pause(0), place.pause(1)
    place.serving, place.started_at = SERVING, 100
    assert place.pause(100 + WELL_AFTER) == 0.5


def test_one_that_died_young_is_not() -> None:
    place = Place(1)
    place.pause(0), place.pause(1)
    place.serving, place.started_at = SERVING, 100
    assert place.pause(100 + WELL_AFTER - 0.001) == 2


def test_the_pause_of_one_that_never_served_only_grows() -> None:
    place = Place(1)
    assert [place.pause(now) for now in (0, 1000, 2000)] == [0.5, 1, 2]


def test_how_a_process_ended() -> None:
    assert ending(0) == "ended with code 0"
    assert ending(-9) == "was ended by SIGKILL"
    assert ending(-77) == "was ended by signal 77"
