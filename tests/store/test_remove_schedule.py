"""The script `remove_schedule`: a schedule is gone, and its jobs stay."""

import pytest

from tests.store.conftest import Place
from tests.store.schedules import HASH, LIST, NAME, schedule
from tests.store.world import World, job, without, world


@pytest.mark.parametrize("before", [schedule(), without(schedule(), HASH), without(schedule(), LIST)])
def test_a_schedule_is_removed_also_if_only_half_of_it_is_there(place: Place, before: World) -> None:
    place.seed(world(job(1, py_schedule=NAME), before, {LIST: {"other": 1.0}}))
    place.check(
        place.schedules.remove_schedule(NAME), reply=1, after=world(job(1, py_schedule=NAME), {LIST: {"other": 1.0}})
    )


def test_a_schedule_that_is_gone_cannot_be_removed(place: Place) -> None:
    place.check(place.schedules.remove_schedule(NAME), reply=0, after={})
