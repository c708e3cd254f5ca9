"""The script `versions`: the versions of the processes that are alive, and those that speak a newer protocol."""

from tests.store.conftest import Place

OLD, ONE, TWO, DEAD = (f"kue:host:{pid}-beef0001{protocol}" for pid, protocol in ((7, ""), (8, 1), (9, 1), (10, 1)))
NEWER, NEWEST = "kue:host:11-beef00012", "kue:a-b:c:12-beef0001ff"
FAR_AHEAD, LONG_AGO = 1e15, 1.0


def ask(place: Place) -> tuple[dict[str, int], list[str]]:
    return place.store.versions()


def test_each_version_is_counted_and_dead_processes_are_not(place: Place) -> None:
    place.seed(
        {
            "q:py:workers": {OLD: FAR_AHEAD, ONE: FAR_AHEAD, TWO: FAR_AHEAD, DEAD: LONG_AGO},
            **{f"q:py:worker:{process}": {"version": "0.2.0"} for process in (ONE, TWO, DEAD)},
        }
    )
    assert ask(place) == ({"before 0.2": 1, "0.2.0": 2}, [])


def test_processes_with_a_newer_protocol_are_named_dead_or_alive(place: Place) -> None:
    place.seed(
        {
            "q:py:workers": {ONE: FAR_AHEAD, NEWER: LONG_AGO, NEWEST: FAR_AHEAD},
            f"q:py:worker:{NEWEST}": {"version": "9.0"},
        }
    )
    versions, newer = ask(place)
    assert versions == {"before 0.2": 1, "9.0": 1} and set(newer) == {NEWER, NEWEST}


def test_a_prefix_without_workers_has_no_versions(place: Place) -> None:
    assert ask(place) == ({}, [])


def test_a_record_of_another_kind_is_no_record(place: Place) -> None:
    place.seed({"q:py:workers": {ONE: FAR_AHEAD}, f"q:py:worker:{ONE}": "poison"})
    assert ask(place) == ({"before 0.2": 1}, [])
