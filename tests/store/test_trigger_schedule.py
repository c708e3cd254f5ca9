"""The script `trigger_schedule`: a job of a schedule now, apart from its times."""

from tests.store.conftest import Place
from tests.store.schedules import HASH, LIST, NAME, NEVER, schedule
from tests.store.test_fire import saved
from tests.store.world import NOW, world


def test_a_job_is_saved_and_time_and_counters_stay(place: Place) -> None:
    for due in (NOW + 5, NEVER):
        place.client.flushall()
        place.seed(schedule(due, fired=3, times=3, last_at=5))
        id, flat = place.run(place.schedules.trigger_schedule(NAME, NOW))
        assert (id, dict(zip(flat[::2], flat[1::2], strict=True))) == ("1", saved(1, NOW)["q:job:1"])
        assert place.world() == world(
            saved(1, NOW),
            {"q:ids": "1"},
            schedule(due, fired=3, times=3, last_at=5, last_job_id=1, last_triggered_id=1),
        )
        assert place.events() == [(1, "enqueue", "email")]


def test_the_last_job_at_a_time_stays_known(place: Place) -> None:
    place.seed(schedule(last_job_id=7, last_fired_id=7))
    place.run(place.schedules.trigger_schedule(NAME, NOW))
    assert place.world()[HASH] == schedule(last_job_id=1, last_fired_id=7, last_triggered_id=1)[HASH]


def test_a_delay_counts_from_now(place: Place) -> None:
    place.seed(schedule(**{"job:delay": 500}))
    place.run(place.schedules.trigger_schedule(NAME, NOW))
    found = {name: value for name, value in place.world().items() if name not in (LIST, HASH, "q:ids")}
    assert found == saved(1, NOW, "delayed", promote_at=NOW + 500, delay=500)


def test_a_schedule_that_is_gone_has_no_job(place: Place) -> None:
    place.check(place.schedules.trigger_schedule(NAME, NOW), reply=None, after={})
