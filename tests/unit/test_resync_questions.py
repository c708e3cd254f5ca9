"""Questions to Redis that take time: one is under way at once, and a watcher that came too late for it waits."""

from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from kue.errors import KueError, Recovered
from kue.events.watcher import Outcome
from tests.unit.test_resync import Place


class Slow:
    """A place whose answers come when the test says so."""

    def __init__(self, place: Place) -> None:
        self._under_way: deque[tuple[Callable[[], Any], Callable[[Any], object]]] = deque()
        place.time.fetch = lambda ask, then: self._under_way.append((ask, then))  # type: ignore[method-assign]

    def __len__(self) -> int:
        return len(self._under_way)

    def put(self) -> Callable[[], object]:
        """Put the question; to be called for the answer to be heard."""
        ask, then = self._under_way.popleft()
        answer = ask()
        return lambda: then(answer)


@pytest.fixture
def slow(place: Place) -> Slow:
    return Slow(place)


def test_questions_that_come_during_another_are_asked_together(place: Place, slow: Slow) -> None:
    watches = [place.watch(id) for id in (1, 2, 3)]
    for id in (1, 2, 3):
        place.job(id, "complete")
    place.resync.ask([1])
    for id in (2, 3, 2):
        place.resync.ask([id])
    assert len(slow) == 1
    slow.put()()
    assert len(slow) == 1
    slow.put()()
    assert place.asked == [[1], [2, 3]] and len(slow) == 0
    assert [watch.outcomes for watch in watches] == [[Outcome("complete")]] * 3


def test_a_watcher_added_while_an_answer_is_under_way_waits_for_the_next(place: Place, slow: Slow) -> None:
    """The job may have been set to run again between the two."""
    place.job(1, "complete", result='"of the first run"')
    early = place.watch(1)
    place.resync.ask([1])
    answer = slow.put()
    place.job(1, "inactive")
    late = place.watch(1, must_settle=True)
    place.resync.ask([1])
    answer()
    assert early.outcomes == [Outcome("complete", "of the first run")] and late.outcomes == []
    slow.put()()
    assert late.outcomes == []
    place.job(1, "complete", result='"of the second"')
    place.resync.ask([1])
    slow.put()()
    assert late.outcomes == [Outcome("complete", "of the second")]


def test_two_looks_at_a_failed_job_are_a_second_apart_however_late_they_are_answered(place: Place, slow: Slow) -> None:
    place.job(1, "failed")
    watch = place.watch(1)
    place.resync.ask([1])
    answer = slow.put()
    place.time.now += 5
    answer()
    place.resync.ask([1])
    place.time.now += 0.5
    late = slow.put()
    place.time.now += 5
    late()
    assert watch.outcomes == [Outcome("failed")], "5.5 seconds lie between the two looks"

    again = place.watch(1)
    place.resync.ask([1])
    first = slow.put()
    place.resync.ask([1])
    first()
    second = slow.put()
    place.time.now += 5
    second()
    assert again.outcomes == [], "both looks were at one moment"


def test_an_outage_leaves_one_question_however_often_it_was_asked(place: Place) -> None:
    place.job(1, "active")
    place.watch(1, must_settle=True)
    place.server.connected = False
    place.resync.keep_asking()
    place.time.pass_by(100)
    place.asked.clear()
    place.time.pass_by(10)
    assert len(place.asked) <= 11
    place.server.connected = True
    place.time.pass_by(5)
    place.asked.clear()
    place.time.pass_by(100)
    assert place.asked == [[1]] * 10


def test_an_unexpected_exception_is_reported_and_the_question_asked_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.job(1, "complete")
    watch = place.watch(1)
    with monkeypatch.context() as broken:
        broken.setattr(place.store, "fields", lambda ids, names: 1 / 0)
        place.resync.ask([1])
    assert watch.outcomes == []
    place.time.pass_by(1)
    assert watch.outcomes == [Outcome("complete")]
    assert [type(problem) for problem in place.told] == [KueError, Recovered]
