"""The script `pause_schedule`: a schedule that is due at no time."""

from tests.store.conftest import Place
from tests.store.schedules import DUE, HASH, LIST, NAME, NEVER, schedule, shown


def test_a_paused_schedule_is_never_due(place: Place) -> None:
    place.seed(schedule(DUE, fired=1))
    for _ in range(2):
        after = schedule(NEVER, fired=1, paused=1)
        assert shown(place.run(place.schedules.pause_schedule(NAME))) == (NEVER, after[HASH])
        assert place.world() == after
    assert place.events() == []


def test_a_schedule_that_is_gone_is_not_paused(place: Place) -> None:
    place.check(place.schedules.pause_schedule(NAME), reply=None, after={})
    place.seed({LIST: {NAME: 1.0}})
    place.check(place.schedules.pause_schedule(NAME), reply=None, after={LIST: {NAME: 1.0}})
