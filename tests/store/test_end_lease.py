"""The script `end_lease`: a process works no more, by its own word or because its lease ran out."""

import pytest

from tests.store.conftest import Place

PROCESS = "kue:host:77-beef0001"
LEASES = "q:py:workers"
LOST = "q:py:workers:lost"
LONG_AGO, FAR_AHEAD = 1.0, 1e15
RECORD = {f"q:py:worker:{PROCESS}": {"version": "1"}}


@pytest.mark.parametrize("ends", [LONG_AGO, FAR_AHEAD])
def test_a_process_ends_its_own_lease_and_no_other(place: Place, ends: float) -> None:
    place.seed({LEASES: {PROCESS: ends, "other": ends}, **RECORD})
    place.check(place.scripts.end_lease(PROCESS), reply=1, after={LEASES: {"other": ends}})


def test_a_process_that_was_lost_and_came_back_is_not_lost_once_it_has_stopped(place: Place) -> None:
    place.seed({LEASES: {PROCESS: FAR_AHEAD}, LOST: {PROCESS: LONG_AGO, "other": LONG_AGO}, **RECORD})
    place.check(place.scripts.end_lease(PROCESS), reply=1, after={LOST: {"other": LONG_AGO}})


def test_a_process_stops_though_the_list_of_lost_ones_is_of_another_kind(place: Place) -> None:
    place.seed({LEASES: {PROCESS: FAR_AHEAD}, LOST: "poison", **RECORD})
    place.check(place.scripts.end_lease(PROCESS), reply=1, after={LOST: "poison"})


def test_another_ends_one_that_ran_out_and_the_process_is_lost_for_an_hour_with_its_record(place: Place) -> None:
    place.seed({LEASES: {PROCESS: LONG_AGO, "other": FAR_AHEAD}, **RECORD})
    after = {LEASES: {"other": FAR_AHEAD}, LOST: {PROCESS: LONG_AGO}, **RECORD}
    seconds, _ = place.client.time()
    ended = float(1000 * seconds - 5000)
    place.client.zadd(place.keys.leases, {PROCESS: ended})
    place.check(place.scripts.end_lease(PROCESS, only_expired=True), reply=1, after=after | {LOST: {PROCESS: ended}})
    for key in (place.keys.lost, place.keys.worker(PROCESS)):
        assert 3590 < place.client.ttl(key) <= 3600


def test_processes_that_were_lost_more_than_an_hour_ago_are_forgotten(place: Place) -> None:
    seconds, _ = place.client.time()
    recent, ended = float(1000 * seconds - 3_000_000), float(1000 * seconds - 5000)
    place.seed({LEASES: {PROCESS: ended}, LOST: {"old": LONG_AGO, "recent": recent}})
    after = {LOST: {"recent": recent, PROCESS: ended}}
    place.check(place.scripts.end_lease(PROCESS, only_expired=True), reply=1, after=after)


def test_a_list_of_lost_processes_of_another_kind_keeps_no_lease_from_its_end(place: Place) -> None:
    place.seed({LEASES: {PROCESS: LONG_AGO}, LOST: "poison"})
    place.check(place.scripts.end_lease(PROCESS, only_expired=True), reply=1, after={LOST: "poison"})


def test_another_leaves_one_that_stands(place: Place) -> None:
    before = {LEASES: {PROCESS: FAR_AHEAD}, **RECORD}
    place.seed(before)
    place.check(place.scripts.end_lease(PROCESS, only_expired=True), reply=0, after=before)


@pytest.mark.parametrize("only_expired", [False, True])
def test_where_there_is_none_there_is_nothing_to_end(place: Place, only_expired: bool) -> None:
    place.check(place.scripts.end_lease(PROCESS, only_expired=only_expired), reply=0, after={})
