"""The script `hold_lock`: takes a lock that is free, and keeps one of ours."""

import pytest

from kue.connection.connection import Command
from tests.store.conftest import Place

LOCK = "q:py:observe:lock"


def hold(place: Place, token: str = "token") -> Command:
    return place.scripts.hold_lock(place.keys.observe_lock, token, 5000)


@pytest.mark.parametrize("held", [{}, {LOCK: "token"}], ids=["free", "ours"])
def test_a_lock_that_is_free_or_ours_is_held_from_now_on(place: Place, held: dict[str, str]) -> None:
    place.seed(held)
    place.check(hold(place), reply=1, after={LOCK: "token"})
    assert 4000 < place.client.pttl(place.keys.observe_lock) <= 5000


@pytest.mark.parametrize("held", ["somebody else's", "token2", "Token", ""])
def test_a_lock_of_another_process_stays(place: Place, held: str) -> None:
    place.seed({LOCK: held})
    place.client.pexpire(place.keys.observe_lock, 900)
    place.check(hold(place), reply=0, after={LOCK: held})
    assert place.client.pttl(place.keys.observe_lock) <= 900
