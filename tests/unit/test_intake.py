"""Whether a process takes jobs: only while nothing speaks against it."""

import pytest

from kue.worker.intake import ENDING, IMPORTING, QUIET, Intake


class Sleeper:
    """Counts how often it was woken while the intake was open."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self.woken = 0
        intake.wakes(self)

    def wake(self) -> None:
        assert self._intake.is_open
        self.woken += 1


def test_the_intake_opens_again_with_the_end_of_the_last_reason_and_wakes_all_that_sleep() -> None:
    intake = Intake()
    sleepers = [Sleeper(intake), Sleeper(intake)]
    with intake.closed(IMPORTING):
        assert intake.close(QUIET)
        assert not intake.is_open
    assert not intake.is_open and intake.is_closed_for(QUIET) and not intake.is_closed_for(IMPORTING)
    assert [sleeper.woken for sleeper in sleepers] == [0, 0]
    intake.open(QUIET)
    assert intake.is_open
    assert [sleeper.woken for sleeper in sleepers] == [1, 1]


def test_a_reason_that_is_given_twice_is_new_once_and_dropped_at_once() -> None:
    intake = Intake()
    assert [intake.close(QUIET), intake.close(QUIET), intake.close(ENDING)] == [True, False, True]
    intake.open(QUIET)
    intake.open(ENDING)
    assert intake.is_open


def test_the_intake_opens_again_though_the_import_failed() -> None:
    intake = Intake()
    with pytest.raises(ImportError), intake.closed(IMPORTING):
        raise ImportError
    assert intake.is_open
