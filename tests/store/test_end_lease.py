"""The script `end_lease`: a process works no more, by its own word or because its lease ran out: its record goes."""

import pytest

from tests.store.conftest import Place

PROCESS = "kue:host:77-beef0001"
LEASES = "q:py:workers"
LONG_AGO, FAR_AHEAD = 1.0, 1e15
RECORD = {f"q:py:worker:{PROCESS}": {"version": "1"}}


@pytest.mark.parametrize("ends", [LONG_AGO, FAR_AHEAD])
def test_a_process_ends_its_own_lease_and_no_other(place: Place, ends: float) -> None:
    place.seed({LEASES: {PROCESS: ends, "other": ends}, **RECORD})
    place.check(place.scripts.end_lease(PROCESS), reply=1, after={LEASES: {"other": ends}})


def test_another_ends_one_that_ran_out(place: Place) -> None:
    place.seed({LEASES: {PROCESS: LONG_AGO}, **RECORD})
    place.check(place.scripts.end_lease(PROCESS, only_expired=True), reply=1, after={})


def test_another_leaves_one_that_stands(place: Place) -> None:
    before = {LEASES: {PROCESS: FAR_AHEAD}, **RECORD}
    place.seed(before)
    place.check(place.scripts.end_lease(PROCESS, only_expired=True), reply=0, after=before)


@pytest.mark.parametrize("only_expired", [False, True])
def test_where_there_is_none_there_is_nothing_to_end(place: Place, only_expired: bool) -> None:
    place.check(place.scripts.end_lease(PROCESS, only_expired=only_expired), reply=0, after={})
