"""When a job counts as removed: its hash is gone, or another job's, also at a second look."""

import pytest

from kue.events.watcher import Outcome
from tests.unit.test_resync import Place


def test_a_hash_that_is_gone_is_looked_up_twice_since_node_publishes_complete_later(place: Place) -> None:
    watch = place.watch(1, must_settle=True)
    place.resync.ask([1])
    place.time.pass_by(0.09)
    assert watch.outcomes == []


def test_a_hash_that_is_gone_is_looked_up_once_if_the_event_remove_was_received(place: Place) -> None:
    watch = place.watch(1, must_settle=True)
    place.resync.ask([1], announced=True)
    assert watch.outcomes == [Outcome("removed")]


def test_a_job_that_the_event_remove_was_not_about_ends_no_watcher(place: Place) -> None:
    place.job(1, "inactive")
    watch = place.watch(1, must_settle=True)
    place.resync.ask([1], announced=True)
    place.time.pass_by(60)
    assert watch.outcomes == []


@pytest.mark.parametrize("state", ["inactive", "complete", "failed"])
def test_a_job_whose_number_another_job_has_counts_as_removed(place: Place, state: str) -> None:
    place.job(1, state, created_at="2000", result="5")
    old, young, unknown = place.watch(1, created_at=1000), place.watch(1, created_at=2000), place.watch(1)
    place.resync.ask([1])
    place.time.pass_by(2)
    assert old.outcomes == [Outcome("removed")]
    ends = [] if state == "inactive" else [Outcome(state, 5)]
    assert young.outcomes == unknown.outcomes == ends


@pytest.mark.parametrize("created_at", ["", "NaN", "1000.5", "soon", "-5"])
def test_a_job_whose_hash_does_not_say_when_it_was_created_is_the_same_job(place: Place, created_at: str) -> None:
    place.job(1, "complete", created_at=created_at, result="5")
    watch = place.watch(1, created_at=1000)
    place.resync.ask([1])
    assert watch.outcomes == [Outcome("complete", 5)]
