"""The script `resume_schedule`: a paused schedule goes on from now."""

import pytest

from tests.store.conftest import Place
from tests.store.schedules import DUE, HASH, NAME, NEVER, NEXT, schedule, shown


def test_a_paused_schedule_is_due_at_the_given_time(place: Place) -> None:
    place.seed(schedule(NEVER, paused=1, fired=1))
    assert shown(place.run(place.schedules.resume_schedule(NAME, b"d1", NEXT))) == (NEXT, schedule(fired=1)[HASH])
    assert place.world() == schedule(NEXT, fired=1)
    assert place.events() == []


@pytest.mark.parametrize("due", [DUE, NEVER])
def test_a_schedule_that_is_not_paused_stays_as_it_is(place: Place, due: float) -> None:
    place.seed(schedule(due))
    assert shown(place.run(place.schedules.resume_schedule(NAME, b"d1", NEXT))) == (due, schedule()[HASH])
    assert place.world() == schedule(due)


def test_a_schedule_that_was_over_stays_over(place: Place) -> None:
    for due, more in ((None, {}), (NEXT, {"times": 1, "fired": 1}), (NEXT, {"until": NEXT - 1})):
        place.client.flushall()
        place.seed(schedule(NEVER, paused=1, **more))
        place.run(place.schedules.resume_schedule(NAME, b"d1", due))
        assert place.world() == schedule(NEVER, **more)


def test_a_schedule_that_was_declared_anew_meanwhile_is_left_alone(place: Place) -> None:
    before = schedule(NEVER, paused=1)
    place.seed(before)
    place.check(place.schedules.resume_schedule(NAME, b"d0", NEXT), reply=-1, after=before)


def test_a_schedule_that_is_gone_is_not_resumed(place: Place) -> None:
    place.check(place.schedules.resume_schedule(NAME, b"d1", NEXT), reply=None, after={})
