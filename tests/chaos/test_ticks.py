"""What the judge of the recurring job of a chaos run objects to."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.chaos import ticks

SECOND = 1000


def snapshot(*times: int, state: str = "complete") -> Any:
    jobs = {id: {"py_schedule": "tick", "py_tick": str(time), "state": state} for id, time in enumerate(times)}
    return SimpleNamespace(jobs=jobs | {99: {"state": "failed"}})


def test_a_job_for_each_second_is_as_it_should_be() -> None:
    assert list(ticks.complaints(snapshot(SECOND, 2 * SECOND, 3 * SECOND), 3)) == []
    assert list(ticks.complaints(snapshot(), 0)) == []


@pytest.mark.parametrize(
    ("found", "fired", "complaint"),
    [
        (snapshot(SECOND, SECOND), 2, "the time 1000 of a schedule has 2 jobs"),
        (snapshot(SECOND, 4 * SECOND), 2, "2 times of the schedule have no job, the first of which is 2000"),
        (snapshot(SECOND + 1), 1, "the time 1001 is none of the schedule"),
        (snapshot(SECOND), 2, "the schedule counted 2 jobs, and there are 1"),
        (snapshot(SECOND, state="active"), 1, "job 0 of the schedule is active"),
    ],
)
def test_what_is_wrong_is_found(found: Any, fired: int, complaint: str) -> None:
    assert list(ticks.complaints(found, fired)) == [complaint]
