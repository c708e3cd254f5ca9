"""The script `oldest_wait`: how many jobs of a type wait, and since when the first of each priority was due."""

import pytest

from kue.store.stats import StatsCommands
from tests.store.conftest import Place
from tests.store.world import NOW, job, world

DUE = NOW - 5000
FAR_OFF = 9_000_000_000_000


def asked(place: Place, type: str | None = "email") -> object:
    return place.run(StatsCommands(place.keys).oldest_wait(type))


@pytest.mark.parametrize("type", ["email", None])
def test_without_a_job_nothing_waits(place: Place, type: str | None) -> None:
    place.seed(job(1, "complete"))
    assert asked(place, type) == [0, ""]


@pytest.mark.parametrize(
    ("times", "due"),
    [
        ({"created_at": DUE, "promote_at": DUE}, DUE),
        ({"created_at": DUE - 9, "promote_at": DUE}, DUE),
        ({"created_at": DUE - 9, "promote_at": DUE - 9, "started_at": DUE - 5, "updated_at": DUE}, DUE),
        ({"created_at": DUE - 9, "promote_at": DUE, "started_at": DUE - 5, "updated_at": DUE + 3}, DUE),
        ({"created_at": DUE - 9, "promote_at": DUE - 9, "failed_at": DUE - 5, "updated_at": DUE}, DUE),
        ({"created_at": DUE - 9, "promote_at": FAR_OFF, "updated_at": DUE}, DUE),
        ({"created_at": DUE - 9, "promote_at": FAR_OFF, "started_at": DUE - 5, "updated_at": DUE}, DUE),
        ({"created_at": DUE, "promote_at": "NaN"}, DUE),
    ],
    ids=[
        "never run",
        "delayed",
        "put back at once",
        "delayed after a run",
        "restarted after it failed without a run",
        "queued before its delay was over",
        "queued before the delay after a run was over",
        "not a number, as Node writes it",
    ],
)
def test_a_job_waits_since_it_was_due_the_last_time(place: Place, times: dict[str, object], due: int) -> None:
    place.seed(job(1, **times))
    assert asked(place) == [1, str(due)]


def test_the_first_of_each_priority_is_looked_at(place: Place) -> None:
    jobs = [job(n, priority=n, created_at=NOW - n, promote_at=NOW - n) for n in range(1, 17)]
    later = job(17, priority=1, created_at=NOW - 99, promote_at=NOW - 99)
    place.seed(world(*jobs, later))
    before = place.world()
    assert asked(place) == [17, str(NOW - 16)], "the second of a priority came later, unless it was put off"
    assert place.world() == before


def test_no_more_than_sixteen_priorities_are_looked_at(place: Place) -> None:
    place.seed(world(*(job(n, priority=n, created_at=NOW - n, promote_at=NOW - n) for n in range(1, 20))))
    assert asked(place) == [19, str(NOW - 16)]


def test_all_types_are_looked_at_together(place: Place) -> None:
    place.seed(world(job(1, type="pdf", created_at=DUE, promote_at=DUE), job(2, created_at=NOW, promote_at=NOW)))
    assert asked(place, None) == [2, str(DUE)]
    assert asked(place) == [1, str(NOW)]


def test_what_is_no_job_waits_for_nothing(place: Place) -> None:
    place.seed({"q:jobs:email:inactive": {"garbage": 0.0, "01|7": 1.0}, "q:job:7": "poison"})
    assert asked(place) == [2, ""]
