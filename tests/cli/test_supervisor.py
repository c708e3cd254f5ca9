"""How long a supervisor waits before it starts a process again."""

from kue.cli.worker.process import ending
from kue.cli.worker.serving import Serving
from kue.cli.worker.supervisor import HEALTHY_AFTER_SECONDS, MAX_PAUSE_SECONDS, ProcessSlot

SERVING = Serving(1, {"email": 1}, "redis://127.0.0.1:6379/0", "q", embedded=False)


def test_each_death_doubles_the_pause_up_to_a_limit() -> None:
    slot = ProcessSlot(1)
    pauses = [slot.pause(now) for now in range(9)]
    assert pauses == [0.5, 1, 2, 4, 8, 16, MAX_PAUSE_SECONDS, MAX_PAUSE_SECONDS, MAX_PAUSE_SECONDS]


def test_a_process_that_was_well_is_replaced_quickly() -> None:
    slot = ProcessSlot(1)
    slot.pause(0), slot.pause(1)
    slot.serving, slot.started_at = SERVING, 100
    assert slot.pause(100 + HEALTHY_AFTER_SECONDS) == 0.5


def test_a_process_that_died_young_is_replaced_slowly() -> None:
    slot = ProcessSlot(1)
    slot.pause(0), slot.pause(1)
    slot.serving, slot.started_at = SERVING, 100
    assert slot.pause(100 + HEALTHY_AFTER_SECONDS - 0.001) == 2


def test_the_pause_before_a_process_that_never_served_only_grows() -> None:
    slot = ProcessSlot(1)
    assert [slot.pause(now) for now in (0, 1000, 2000)] == [0.5, 1, 2]


def test_the_end_of_a_process_is_put_in_words() -> None:
    assert ending(0) == "ended with code 0"
    assert ending(-9) == "was ended by SIGKILL"
    assert ending(-77) == "was ended by signal 77"
