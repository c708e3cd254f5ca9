"""Jobs of listeners are looked at in turn, some of them every ten seconds, and only while there are any."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest

from kue.common.error_reporter import ErrorReporter
from kue.errors import KueError
from kue.events.vanished import VanishedJobs
from kue.events.watcher import Outcome
from tests.unit.test_resync import Place


@pytest.fixture
def vanished(place: Place) -> VanishedJobs:
    clockwork: Any = place.time
    reporter = ErrorReporter(place.told.append)
    return VanishedJobs(place.store, place.router, place.resync, lambda: clockwork, reporter)


@pytest.fixture
def looks(place: Place) -> list[list[int]]:
    """What is looked at, round by round."""
    looks: list[list[int]] = []
    named_fields = place.store.named_fields

    def counted(wanted: Mapping[int, Collection[str]]) -> Any:
        looks.append(list(wanted))
        return named_fields(wanted)

    place.store.named_fields = counted  # type: ignore[method-assign]
    return looks


def test_all_jobs_are_looked_at_in_turn_a_thousand_at_once(
    place: Place, vanished: VanishedJobs, looks: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kue.events.vanished._JOBS_PER_ROUND", 4)
    for id in range(1, 11):
        place.job(id, "active")
        place.watch(id)
    vanished.keep_looking()
    vanished.keep_looking()
    place.time.pass_by(9.9)
    assert looks == []
    place.time.pass_by(50)
    assert looks == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10], [1, 2, 3, 4], [5, 6, 7, 8]]
    assert place.asked == []


def test_a_vanished_job_is_looked_up_and_its_watcher_released(place: Place, vanished: VanishedJobs) -> None:
    place.job(1, "active")
    place.job(3, "active", created_at="2000")
    gone, replaced = place.watch(2), place.watch(3, created_at=1000)
    stays = [place.watch(1), place.watch(3, created_at=2000)]
    vanished.keep_looking()
    place.time.pass_by(10.2)
    assert gone.outcomes == replaced.outcomes == [Outcome("removed")]
    assert [watcher.outcomes for watcher in stays] == [[], []]


def test_an_ended_job_is_left_to_its_event(place: Place, vanished: VanishedJobs) -> None:
    """The event is on its way, behind others of the job."""
    place.job(1, "complete", result="5")
    watcher = place.watch(1)
    vanished.keep_looking()
    place.time.pass_by(30)
    assert watcher.outcomes == []


def test_jobs_that_are_looked_up_anyway_are_left_out(
    place: Place, vanished: VanishedJobs, looks: list[list[int]]
) -> None:
    place.watch(1, must_settle=True)
    vanished.keep_looking()
    place.time.pass_by(30)
    assert looks == []
    place.job(2, "active")
    place.watch(2)
    place.time.pass_by(10)
    assert looks == [[2]]


def test_looking_ends_with_the_last_watcher(place: Place, vanished: VanishedJobs, looks: list[list[int]]) -> None:
    place.job(1, "active")
    watcher = place.watch(1)
    vanished.keep_looking()
    place.time.pass_by(10)
    place.router.unwatch(1, watcher)
    place.time.pass_by(60)
    assert looks == [[1]]
    place.watch(1)
    vanished.keep_looking()
    place.time.pass_by(10)
    assert looks == [[1], [1]]


def test_looking_goes_on_after_an_outage_and_after_the_unexpected(
    place: Place, vanished: VanishedJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = place.watch(1)
    vanished.keep_looking()
    place.server.connected = False
    place.time.pass_by(11)
    assert place.told == []
    place.server.connected = True
    with monkeypatch.context() as broken:
        broken.setattr(place.store, "named_fields", lambda wanted: 1 / 0)
        place.time.pass_by(10)
    assert [type(problem) for problem in place.told] == [KueError]
    place.time.pass_by(11)
    assert watcher.outcomes == [Outcome("removed")]
