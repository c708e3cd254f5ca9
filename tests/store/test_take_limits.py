"""The script `take` while a pause or a limit holds jobs back: how many become active, what it asks the worker to do."""

from typing import Any

import pytest

from kue.errors import RedisRefused
from tests.servers import offered
from tests.store.conftest import Place
from tests.store.flow import FLOW, RATE, redis_ms, set_for, starts
from tests.store.test_take import row, take, taken
from tests.store.world import NODE, World, job, token_list, world

FULL = "full"
HOUR = 3_600_000


def limited(place: Place, field: str, *worlds: World, count: int = 5, tokens: int = 0) -> tuple[Any, list[str]]:
    """Run a take with this field of the type. Returns the first element of the reply, and the ids taken."""
    place.seed(world(set_for(field), *worlds))
    held_back, broken, *jobs = place.run(take(place, count, tokens=tokens))
    assert broken == []
    return held_back, [id for id, _ in jobs]


def waiting(count: int, first: int = 1) -> World:
    return world(*(job(id) for id in range(first, first + count)))


# paused


@pytest.mark.parametrize("type", ["email", ""])
def test_a_paused_type_gives_no_job_and_the_token_in_hand_goes_back(place: Place, type: str) -> None:
    before = world(job(1, tokens=0), set_for("inf,,,", type))
    place.seed(before)
    place.check(take(place, 3, tokens=1), reply=[-1000, []], after=world(before, token_list("email", 1)))


def test_the_rest_of_a_pause_that_ends_soon_ends_with_it(place: Place) -> None:
    rest, jobs = limited(place, f"{redis_ms(place.client) + 500},,,", waiting(1))
    assert -500 <= rest < 0
    assert jobs == []


@pytest.mark.parametrize(
    "field",
    [
        "1000,,,",
        ",,,",
        "no field of ours",
        "soon,few,some,",
        f",,5,1{'0' * 19}",
        f",,1{'0' * 19},1000",
        f",1{'0' * 400},,",
    ],
)
def test_a_pause_that_is_over_or_no_pause_at_all_holds_nothing_back(place: Place, field: str) -> None:
    assert limited(place, field, waiting(2)) == (2, ["1", "2"])


def test_a_pause_that_is_over_leaves_nothing_behind(place: Place) -> None:
    """Or each take of any type would look up what is set for it, for ever."""
    place.seed(world({FLOW: {"": "1000,,,", "email": "1000,,,"}}, waiting(1)))
    found, broken, job_taken = place.run(take(place))
    assert (found, broken, job_taken[0]) == (1, [], "1")
    assert FLOW not in place.world()


@pytest.mark.parametrize("field", ["1000,5,,", "1000,,5,7", "1000,,,from a newer release", f"{10**400},,,"])
def test_what_is_set_beside_a_pause_that_is_over_stays(place: Place, field: str) -> None:
    flow = {FLOW: {"email": field, "other": "1000,,,"}}
    place.seed(world(flow, waiting(1)))
    place.run(take(place))
    assert FLOW in place.world() and place.world()[FLOW] == flow[FLOW]


def test_a_refused_take_leaves_a_pause_that_is_over(place: Place) -> None:
    before = world(set_for("1000,,,"), waiting(1), {"q:jobs:email:active": "poison"})
    place.seed(before)
    with pytest.raises(RedisRefused):
        place.run(take(place))
    assert place.world() == before


@pytest.mark.parametrize("field", ["inf,,,", ",1,,", f",,1,{HOUR}"])
def test_no_worker_has_to_rest_while_no_job_waits(place: Place, field: str) -> None:
    """It may wait for a token, and a token that it has for no job is used up as ever."""
    before = world(set_for(field), job(7, "active"), starts(place, 5))
    place.seed(before)
    place.check(take(place, 3, tokens=1), reply=[0, []], after=before)


def test_another_type_goes_on_beside_a_paused_one(place: Place) -> None:
    flow = set_for("inf,,,", "other")
    place.seed(world(job(1), flow))
    place.check(
        take(place),
        reply=[1, [], ["1", row(job(1))]],
        after=world(taken(1), flow),
        events=[(1, "start", "email", None)],
    )


# concurrency


def test_as_many_jobs_become_active_as_the_limit_leaves_room_for(place: Place) -> None:
    flow, active = set_for(",3,,"), job(9, "active", workerId=NODE)
    place.seed(world(flow, active, *(job(id) for id in (1, 2, 3))))
    place.check(
        take(place, 5),
        reply=[FULL, [], ["1", row(job(1))], ["2", row(job(2), 2)]],
        after=world(flow, active, taken(1, 3), taken(2, 4), job(3)),
        events=[(1, "start", "email", None), (2, "start", "email", None)],
    )


@pytest.mark.parametrize("active", [3, 4, 10])
def test_a_type_that_is_full_gives_no_job_and_the_tokens_in_hand_go_back(place: Place, active: int) -> None:
    before = world(
        set_for(",3,,"), job(1, tokens=0), *(job(id, "active", workerId=NODE) for id in range(20, 20 + active))
    )
    place.seed(before)
    place.check(take(place, 5, tokens=2), reply=[FULL, []], after=world(before, token_list("email", 2)))


def test_tokens_that_a_limit_leaves_unused_go_back(place: Place) -> None:
    place.seed(world(set_for(",1,,"), job(1, tokens=0), job(2, tokens=0)))
    place.run(take(place, 5, tokens=2))
    assert place.world() == world(set_for(",1,,"), taken(1), job(2, tokens=1))


@pytest.mark.parametrize("field", [",1,,", f",,1,{HOUR}"])
def test_places_that_only_members_without_a_waiting_job_had_are_looked_for_at_once(place: Place, field: str) -> None:
    """Or a type with a limit would rest at each of them."""
    listed = {f"q:jobs:{key}inactive": {"01|7": 0.0} for key in ("", "email:")}
    place.seed(world(set_for(field), listed, job(8), job(9, "active", type="other")))
    assert place.run(take(place, 5, tokens=1)) == [-1, ["7"]]
    assert place.world() == world(set_for(field), job(8), job(9, "active", type="other"))
    assert place.run(take(place, 5))[2][0] == "8"


def test_active_jobs_of_other_types_do_not_count(place: Place) -> None:
    assert limited(place, ",1,,", job(9, "active", type="other"), waiting(2)) == (FULL, ["1"])


@pytest.mark.parametrize(("count", "jobs"), [(3, 2), (2, 1)])
def test_a_limit_that_leaves_room_for_all_that_wait_asks_for_no_rest(place: Place, count: int, jobs: int) -> None:
    assert limited(place, ",2,,", waiting(jobs - 1), count=count) == (jobs - 1, ["1"][: jobs - 1])


def test_a_take_that_asks_for_no_more_than_the_limit_allows_is_not_held_back(place: Place) -> None:
    assert limited(place, ",5,,", waiting(9), count=5) == (5, ["1", "2", "3", "4", "5"])


# rate


def test_each_start_is_noted_by_the_clock_of_redis_and_for_as_long_as_it_counts(place: Place) -> None:
    flow = set_for(f",,5,{HOUR}")
    place.seed(world(flow, waiting(3)))
    before = redis_ms(place.client)
    assert place.run(take(place, 3))[0] == 3
    noted = place.world()[RATE]
    assert len(noted) == 3
    assert all(before <= int(start) <= redis_ms(place.client) for start in noted)
    assert place.world() == world(flow, *(taken(id, id + 2) for id in (1, 2, 3)), {RATE: noted})
    assert 0 < place.client.pttl(place.keys.rate("email")) <= HOUR + 1


def test_only_so_many_starts_are_kept_as_the_rate_allows(place: Place) -> None:
    limited(place, f",,3,{HOUR}", starts(place, *(HOUR + more for more in (9000, 9001, 9002))), waiting(3))
    assert len(place.world()[RATE]) == 3


@pytest.mark.parametrize(
    ("ages", "allowed"),
    [
        ((), 4),
        ((5,), 3),
        ((5, 6, 7), 1),
        ((5, 6, 7, 8), 0),
        ((5, HOUR + 5000), 3),  # the older one counts no more
        ((5, 6, 7, HOUR + 5000), 1),
        ((HOUR + 5000, HOUR + 6000, HOUR + 7000, HOUR + 8000), 4),
        ((5, 6, 7, 8, 9, 10), 0),  # from before the limit was lowered
    ],
)
@pytest.mark.parametrize("count", [1, 3, 5, 100])
def test_a_start_counts_for_as_long_as_the_rate_says(
    place: Place, ages: tuple[int, ...], allowed: int, count: int
) -> None:
    held_back, jobs = limited(place, f",,4,{HOUR}", waiting(9), *([starts(place, *ages)] if ages else []), count=count)
    assert len(jobs) == min(count, allowed)
    assert held_back == (count if count <= allowed else -1000)


def test_a_start_that_lies_more_than_a_window_ahead_does_not_count(place: Place) -> None:
    """The clock of Redis was set back since."""
    assert limited(place, f",,2,{HOUR}", waiting(3), starts(place, -2 * HOUR, -2 * HOUR))[1] == ["1", "2"]
    noted = place.world()[RATE]
    assert len(noted) == 2
    assert all(int(start) <= redis_ms(place.client) for start in noted)


def test_a_start_that_lies_a_little_ahead_counts(place: Place) -> None:
    """Another Redis took over, whose clock is behind."""
    assert limited(place, f",,2,{HOUR}", waiting(3), starts(place, -1000, -900)) == (-1000, [])


@pytest.mark.parametrize(
    ("count", "ages", "rest"),
    [
        (1, (100, 400, 600), 401),  # until the oldest counts no more
        (2, (100, 400, 996), 50),  # a little longer if that gives several places at once,
        (2, (100, 995, 996), 6),  # but no longer than it takes
        (1, (100, 995, 996), 5),
        (3, (), 0),
        (4, (), 1000),
    ],
)
def test_the_rest_lasts_until_jobs_may_start_again(place: Place, count: int, ages: tuple[int, ...], rest: int) -> None:
    place.seed(world(set_for(",,3,1000"), waiting(9)))
    # By the clock of Redis, in a script, so that little time passes before the take.
    seeded_at = place.client.eval(
        "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) "
        "for i = 2, #ARGV do redis.call('RPUSH', ARGV[1], string.format('%.0f', now - ARGV[i])) end "
        "return now",
        0,
        *(place.keys.rate("email"), *ages),
    )
    held_back = place.run(take(place, count))[0]
    passed = redis_ms(place.client) - int(seeded_at)
    assert rest_after(0, count, ages) == rest
    assert held_back in {-rest_after(more, count, ages) or count for more in range(passed + 2)}


def rest_after(passed: int, count: int, ages: tuple[int, ...]) -> int:
    """The rest of a rate of 3 in 1000 ms, of which a busy machine may see a later one; 0 if all jobs may start."""
    counted = [age + passed for age in ages if age + passed <= 1000]
    most = min(count, 3)
    if 3 - len(counted) >= most:
        return 0 if most == count else 1000
    one, all = 1001 - counted[-1], 1001 - counted[3 - most]
    return max(one, min(all, 50))


def test_members_that_are_no_jobs_are_no_starts(place: Place) -> None:
    place.seed(world(set_for(f",,5,{HOUR}"), job(1), {"q:jobs:email:inactive": {"02|99": 0.0}}))
    place.run(take(place, 5))
    assert len(place.world()[RATE]) == 1


def test_the_smaller_of_the_two_limits_decides(place: Place) -> None:
    assert limited(place, f",2,3,{HOUR}", waiting(9)) == (FULL, ["1", "2"])
    place.client.flushall()
    assert limited(place, f",3,2,{HOUR}", waiting(9)) == (-1000, ["1", "2"])


@pytest.mark.parametrize("backend", offered("redis"), indirect=True)
def test_a_large_list_of_starts_is_searched_and_not_read(place: Place) -> None:
    count, apart, now = 100_000, 10_000, redis_ms(place.client)
    for first in range(0, count, 10_000):
        place.client.rpush(place.keys.rate("email"), *(now - apart * age for age in range(first, first + 10_000)))
    place.seed(world(set_for(f",,{count},{count * apart - 45_000}"), waiting(9)))
    place.client.config_resetstat()
    held_back, _, *jobs = place.run(take(place, 9))
    assert (held_back, len(jobs)) == (-1000, 4)
    assert place.client.info("commandstats")["cmdstat_lrange"]["calls"] <= 8


# keys of another kind


@pytest.mark.parametrize("key", [FLOW, RATE])
def test_a_key_of_another_kind_has_the_take_refused_before_it_writes(place: Place, key: str) -> None:
    before = world(set_for(",,5,1000"), job(1)) | {key: "poison"}
    place.seed(before)
    with pytest.raises(RedisRefused, match="WRONGTYPE"):
        place.run(take(place))
    assert place.world() == before
    assert place.messages() == []
