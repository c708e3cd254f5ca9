"""Threads that wait until Redis has answered what was asked before."""

import threading
from collections.abc import Callable

import pytest

from kue.worker.io.answer_wait import AnswerWait
from tests.helpers import wait_until

SECONDS = 30


class Desk:
    """Waits with an I/O thread that answers when the test says so."""

    def __init__(self) -> None:
        self.has_refused = False
        self.wakes = 0
        self.answers = AnswerWait(self._wake, lambda: self.has_refused)

    def _wake(self) -> None:
        self.wakes += 1

    def answer(self, *, held_back: bool = False, refused: bool = False) -> None:
        """One round of the I/O thread, once a thread waits for it."""
        wait_until(lambda: self.answers.new)
        self.has_refused = refused
        self.answers.end_later(self.answers.new, lambda end: end(), held_back=held_back)

    def start(self, call: Callable[[], object]) -> threading.Thread:
        thread = threading.Thread(target=call)
        thread.start()
        return thread


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.answers.open()
    return desk


def test_a_wait_ends_with_the_answer_and_wakes_the_io_thread(desk: Desk) -> None:
    found: list[bool] = []
    thread = desk.start(lambda: found.append(desk.answers.settle_down(SECONDS)))
    desk.answer()
    thread.join(SECONDS)
    assert found == [False] and desk.wakes == 1


@pytest.mark.parametrize("reason", ["held_back", "refused"])
def test_a_wait_says_whether_something_is_still_to_be_asked(desk: Desk, reason: str) -> None:
    found: list[bool] = []
    thread = desk.start(lambda: found.append(desk.answers.settle_down(SECONDS)))
    desk.answer(**{reason: True})
    thread.join(SECONDS)
    assert found == [True]


def test_a_wait_that_began_after_the_reports_were_collected_is_left_for_the_next_round(desk: Desk) -> None:
    early, late = (desk.start(lambda: desk.answers.settle_down(SECONDS)) for _ in range(2))
    wait_until(lambda: desk.answers.new == 2)
    desk.answers.end_later(1, lambda end: end(), held_back=False)
    wait_until(lambda: early.is_alive() != late.is_alive())
    assert desk.answers.new == 1
    desk.answer()
    early.join(SECONDS)
    late.join(SECONDS)


def test_a_flush_takes_one_answer(desk: Desk) -> None:
    thread = desk.start(lambda: desk.answers.flush(SECONDS))
    desk.answer()
    thread.join(SECONDS)
    assert not thread.is_alive() and desk.wakes == 1


@pytest.mark.parametrize("reason", ["held_back", "refused"])
def test_a_flush_waits_once_more_if_reports_were_held_back_or_refused(desk: Desk, reason: str) -> None:
    thread = desk.start(lambda: desk.answers.flush(SECONDS))
    desk.answer(**{reason: True})
    desk.answer()
    thread.join(SECONDS)
    assert not thread.is_alive() and desk.wakes == 2


def test_a_flush_ends_if_reports_are_refused_again_and_again(desk: Desk) -> None:
    thread = desk.start(lambda: desk.answers.flush(SECONDS))
    for _ in range(6):
        desk.answer(refused=True)
    thread.join(SECONDS)
    assert not thread.is_alive() and desk.wakes == 6


def test_a_flush_ends_while_redis_is_away(desk: Desk) -> None:
    desk.has_refused = True
    thread = desk.start(lambda: desk.answers.flush(SECONDS))
    wait_until(lambda: desk.answers.new)
    desk.answers.end_all()
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_a_wait_without_an_answer_ends_when_its_time_is_up(desk: Desk) -> None:
    assert desk.answers.settle_down(0.001) is False


def test_nothing_waits_before_the_io_thread_runs_nor_after_its_end(desk: Desk) -> None:
    unopened = AnswerWait(lambda: None, lambda: True)
    assert unopened.settle_down(SECONDS) is False
    thread = desk.start(lambda: desk.answers.flush(SECONDS))
    wait_until(lambda: desk.answers.new)
    desk.answers.close()
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert desk.answers.settle_down(SECONDS) is False
