"""The script `release_lock`: frees a lock, if the token is still ours."""

import pytest

from kue.store.keys import PROMOTION_LOCK, TTL_LOCK
from tests.store.conftest import Place

LOCKS = pytest.mark.parametrize("lock", [PROMOTION_LOCK, TTL_LOCK])


@LOCKS
def test_a_lock_of_ours_is_freed_and_no_other(place: Place, lock: str) -> None:
    other = TTL_LOCK if lock == PROMOTION_LOCK else PROMOTION_LOCK
    place.seed({lock: "token", other: "token"})
    place.check(place.scripts.release_lock(lock, "token"), reply=1, after={other: "token"})


@LOCKS
@pytest.mark.parametrize("held", ["somebody else's", "token2", "Token", ""])
def test_a_lock_of_another_process_stays(place: Place, lock: str, held: str) -> None:
    place.seed({lock: held})
    place.check(place.scripts.release_lock(lock, "token"), reply=0, after={lock: held})


@LOCKS
def test_a_lock_that_ran_out_is_no_error(place: Place, lock: str) -> None:
    place.check(place.scripts.release_lock(lock, "token"), reply=0, after={})
