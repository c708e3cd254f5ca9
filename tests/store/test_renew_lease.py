"""The script `renew_lease`: a working process is alive for so long from now on, by Redis's own clock."""

from collections.abc import Callable

import pytest

from kue.errors import RedisRefused
from tests.store.conftest import Place
from tests.store.world import job, world

PROCESS = "kue:host:77-beef0001"
LEASES = "q:py:workers"
RECORD = f"q:py:worker:{PROCESS}"


def redis_now(place: Place) -> int:
    seconds, microseconds = place.client.time()
    return int(seconds * 1000 + microseconds // 1000)


def between(place: Place, act: Callable[[], object]) -> tuple[int, object, int]:
    """What it answers, between the times just before and just after, in ms."""
    before = redis_now(place)
    answer = act()
    return before, answer, redis_now(place)


@pytest.mark.parametrize("only_new", [False, True])
def test_a_first_lease_lasts_from_now(place: Place, only_new: bool) -> None:
    place.seed(job(1, "active"))
    renew = place.scripts.renew_lease(PROCESS, 30_000, only_new=only_new)
    before, left, after = between(place, lambda: place.run(renew))
    assert left is None
    ends = place.world()[LEASES][PROCESS]
    assert before + 30_000 <= ends <= after + 30_000
    assert place.world() == world(job(1, "active"), {LEASES: {PROCESS: ends}})
    assert place.events() == []


def test_a_renewal_reports_how_much_was_left_and_counts_from_now_again(place: Place) -> None:
    ends = float(redis_now(place) + 20_000)
    place.seed({LEASES: {PROCESS: ends, "other": 5.0}})
    before, left, after = between(place, lambda: place.run(place.scripts.renew_lease(PROCESS, 30_000)))
    assert isinstance(left, int)
    assert ends - after <= left <= ends - before
    renewed = place.world()[LEASES]
    assert before + 30_000 <= renewed[PROCESS] <= after + 30_000
    assert renewed["other"] == 5


def test_a_lease_that_ran_out_leaves_less_than_nothing_and_stands_again(place: Place) -> None:
    ends = float(redis_now(place) - 7000)
    place.seed({LEASES: {PROCESS: ends}})
    before, left, after = between(place, lambda: place.run(place.scripts.renew_lease(PROCESS, 30_000)))
    assert isinstance(left, int)
    assert ends - after <= left <= ends - before < 0
    assert place.world()[LEASES][PROCESS] >= before + 30_000


@pytest.mark.parametrize("offset", [20_000, -20_000])
def test_a_lease_for_new_processes_only_leaves_an_existing_one_as_it_is(place: Place, offset: int) -> None:
    ends = float(redis_now(place) + offset)
    place.seed({LEASES: {PROCESS: ends}})
    left = place.run(place.scripts.renew_lease(PROCESS, 30_000, only_new=True))
    assert (left > 0) is (offset > 0)
    assert place.world() == {LEASES: {PROCESS: ends}}


def test_the_record_is_written_with_the_lease_and_kept_for_30_days(place: Place) -> None:
    place.seed({RECORD: {"version": "old", "pid": "77"}})
    place.run(place.scripts.renew_lease(PROCESS, 30_000, ("version", "new", "lease", 30_000)))
    assert place.world()[RECORD] == {"version": "new", "pid": "77", "lease": "30000"}
    days = place.client.pttl(place.keys.worker(PROCESS)) / (24 * 3600 * 1000)
    assert 29.9 < days <= 30


def test_a_record_of_another_kind_costs_the_process_no_lease(place: Place) -> None:
    place.seed({RECORD: "poison"})
    place.run(place.scripts.renew_lease(PROCESS, 30_000, ("version", "new")))
    assert place.world()[LEASES].keys() == {PROCESS} and place.world()[RECORD] == "poison"
    assert place.client.pttl(place.keys.worker(PROCESS)) == -1


def test_a_key_of_another_kind_is_refused(place: Place) -> None:
    place.seed({LEASES: "poison"})
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(place.scripts.renew_lease(PROCESS, 30_000))
    assert place.world() == {LEASES: "poison"}
