"""The script `change_flow`: a pause and limits are set part by part, and leave nothing once they are taken away."""

from typing import Any

import pytest

from tests.store.conftest import Place
from tests.store.flow import FLOW, RATE, redis_ms
from tests.store.world import World


def change(place: Place, type: str = "email", **parts: Any) -> str:
    """The field as the script answers it."""
    field, now = place.run(place.flow.change_flow(type, parts))
    assert abs(int(now) - redis_ms(place.client)) < 10_000
    return str(field)


@pytest.mark.parametrize(
    ("before", "parts", "after"),
    [
        ("", {"concurrency": 5}, ",5,,"),
        ("", {"n": 100, "ms": 60000}, ",,100,60000"),
        ("", {"until": "inf"}, "inf,,,"),
        (",5,,", {"n": 100, "ms": 60000}, ",5,100,60000"),
        (",5,100,60000", {"concurrency": ""}, ",,100,60000"),
        (",5,100,60000", {"concurrency": 7, "n": "", "ms": ""}, ",7,,"),
        ("inf,5,,", {"until": ""}, ",5,,"),
        ("1000,5,,", {"concurrency": 6}, ",6,,"),  # a pause that is over goes by the way
        ("9000000000000000,5,,", {"concurrency": 6}, "9000000000000000,6,,"),
        (",5,,,from a newer release", {"concurrency": 6}, ",6,,,from a newer release"),
        ("no field of ours", {"concurrency": 6}, ",6,,"),
        (",5,,", {}, ",5,,"),
    ],
)
def test_what_is_given_is_set_and_the_rest_stays(place: Place, before: str, parts: dict[str, Any], after: str) -> None:
    place.seed({FLOW: {"other": ",1,,"} | ({"email": before} if before else {})})
    assert change(place, **parts) == after
    assert place.world() == {FLOW: {"other": ",1,,", "email": after}}
    assert place.events() == []


@pytest.mark.parametrize("type", ["email", ""])
def test_a_pause_for_a_time_ends_so_many_ms_from_now_by_the_clock_of_redis(place: Place, type: str) -> None:
    before = redis_ms(place.client)
    field = change(place, type, until=5000)
    ends, *rest = field.split(",")
    assert before + 5000 <= int(ends) <= redis_ms(place.client) + 5000
    assert rest == ["", "", ""]
    assert place.world() == {FLOW: {type: field}}


@pytest.mark.parametrize(
    ("before", "parts"),
    [("inf,,,", {"until": ""}), (",5,,", {"concurrency": ""}), (",,5,7", {"n": "", "ms": ""}), ("1000,,,", {})],
)
def test_a_type_for_which_nothing_is_set_has_no_field(place: Place, before: str, parts: dict[str, Any]) -> None:
    place.seed({FLOW: {"email": before}})
    assert change(place, **parts) == ""
    assert place.world() == {}


def test_the_starts_are_forgotten_with_the_rate(place: Place) -> None:
    starts: World = {RATE: ["1700000000000"]}
    place.seed({FLOW: {"email": ",,5,1000"}} | starts)
    change(place, concurrency=3)
    change(place, n=6, ms=1000)
    assert place.world() == {FLOW: {"email": ",3,6,1000"}} | starts
    change(place, n="", ms="")
    assert place.world() == {FLOW: {"email": ",3,,"}}


@pytest.mark.parametrize(("before", "after"), [(1000, 3_600_000), (3_600_000, 1000)])
def test_the_starts_are_kept_for_as_long_as_they_count_for_the_new_rate(place: Place, before: int, after: int) -> None:
    starts: World = {RATE: ["1700000000000"]}
    place.seed({FLOW: {"email": f",,5,{before}"}} | starts)
    key = place.keys.rate("email")
    place.client.pexpire(key, before + 1)
    change(place, n=5, ms=after)
    assert after - 500 < place.client.pttl(key) <= after + 1
    assert place.world() == {FLOW: {"email": f",,5,{after}"}} | starts
