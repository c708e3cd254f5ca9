"""A save whose request or reply is lost: it is in doubt, and is not repeated."""

import pytest

from kue.errors import ConnectionFailed, SaveInDoubt, SaveInterrupted
from tests.crash.conftest import Watched, call_of
from tests.crash.proxy import Proxy
from tests.servers import RedisServer


@pytest.mark.parametrize(("lose", "saved"), [("lose_reply", 1), ("lose_request", 0)])
def test_a_save_that_was_cut_off_is_in_doubt_and_not_repeated(
    proxy: Proxy, far: Watched, near: Watched, lose: str, saved: int
) -> None:
    far.create("warm up").save()
    loss = getattr(proxy, lose)(call_of("save"))
    job = far.create("email")
    with pytest.raises(SaveInDoubt, match="may or may not have been saved, and was not sent again"):
        job.save()

    assert loss.is_set()
    assert job.id is None
    assert near.inactive_count("email") == saved


def test_a_trigger_of_a_schedule_that_was_cut_off_is_in_doubt(proxy: Proxy, far: Watched, near: Watched) -> None:
    schedule = far.every("1 hour", far.create("email"))
    loss = proxy.lose_reply(call_of("trigger_schedule"))
    with pytest.raises(SaveInDoubt, match="may or may not have been saved, and was not sent again"):
        schedule.trigger()

    assert loss.is_set()
    assert near.inactive_count("email") == 1


def test_a_save_all_that_was_cut_off_names_the_jobs_that_are_saved(proxy: Proxy, far: Watched, near: Watched) -> None:
    far.create("warm up").save()
    jobs = [far.create("email", {"n": n}) for n in range(1200)]
    loss = proxy.lose_request(b'{"n":700}')
    with pytest.raises(SaveInterrupted, match="broke off after 500 saved jobs") as caught:
        far.save_all(jobs)

    assert loss.is_set()
    assert caught.value.saved == jobs[:500]
    assert isinstance(caught.value.__cause__, SaveInDoubt)
    assert [job.id for job in jobs[500:]] == [None] * 700
    # of the 500 in doubt, those that had reached Redis before the one that was lost are there
    assert 500 <= near.inactive_count("email") < 1200


def test_a_save_that_never_left_is_not_in_doubt(proxy: Proxy, far: Watched, near: Watched) -> None:
    far.create("warm up").save()
    proxy.refuse()
    proxy.cut()
    with pytest.raises(ConnectionFailed, match="cannot reach Redis") as caught:
        far.create("email").save()

    assert not isinstance(caught.value, SaveInDoubt)
    assert not caught.value.sent
    assert near.inactive_count("email") == 0


def test_a_save_all_of_which_some_are_refused_names_the_jobs_that_are_saved(server: RedisServer, near: Watched) -> None:
    with server.client() as client:
        client.set("q:jobs:spoilt:inactive", "not a zset")
    jobs = [near.create("spoilt" if n == 3 else "email", {"n": n}) for n in range(1000)]
    with pytest.raises(SaveInterrupted, match="broke off after 499 saved jobs: Redis refused") as caught:
        near.save_all(jobs)

    assert caught.value.saved == [*jobs[:3], *jobs[4:500]]
    assert [job.id for job in jobs[500:]] == [None] * 500
    assert near.inactive_count("email") == 499
