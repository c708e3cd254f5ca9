"""The script `flush_stats`: what a process has counted is added to the minute, the ten minutes and the hour."""

import pytest

from kue.store import scripts
from kue.store.stats import RESOLUTIONS, StatsCommands
from tests.store.conftest import Place

MINUTE = 1_700_003_700  # in the first of its ten minutes, and not in the first ten of its hour
KEYS = {"m": "q:py:stats:m:1700003700:", "t": "q:py:stats:t:1700003400:", "h": "q:py:stats:h:1700002800:"}
MAX_BYTES_FOR_A_TYPE = 440


def commands(place: Place) -> StatsCommands:
    return StatsCommands(place.keys)


def test_counters_are_added_in_every_slot_that_holds_the_minute(place: Place) -> None:
    place.seed({KEYS["m"] + "email": {"started": "5", "max": "40", "other": "7"}})
    flush = commands(place).flush_stats(MINUTE, {"email": (30, {"started": 2, "r4": 1}), "*": (50, {"failed": 1})})
    email = {"started": "2", "r4": "1", "max": "30"}
    place.check(
        flush,
        reply=6,
        after={
            KEYS["m"] + "email": {"started": "7", "r4": "1", "max": "40", "other": "7"},
            KEYS["t"] + "email": email,
            KEYS["h"] + "email": email,
            **{key + "*": {"failed": "1", "max": "50"} for key in KEYS.values()},
        },
    )


def test_numbers_beyond_what_lua_writes_by_itself_stay_whole(place: Place) -> None:
    flush = commands(place).flush_stats(MINUTE, {"*": (0, {"run": 2**52})})
    place.run(flush)
    place.run(flush)
    assert place.world()[KEYS["m"] + "*"] == {"max": "0", "run": str(2**53)}


@pytest.mark.parametrize("resolution", RESOLUTIONS, ids=lambda one: one.name)
def test_only_a_new_hash_is_given_the_time_for_which_it_is_kept(place: Place, resolution: object) -> None:
    name, _, kept = resolution  # type: ignore[misc]
    start = int(KEYS[name].split(":")[-2])
    key = place.keys.stats(name, start, "*")
    place.run(commands(place).flush_stats(MINUTE, {"*": (0, {"started": 1})}))
    assert kept - 5 <= place.client.ttl(key) <= kept
    place.client.expire(key, 100)
    place.run(commands(place).flush_stats(MINUTE, {"*": (0, {"started": 1, "failed": 1})}))
    assert place.client.ttl(key) <= 100


def test_a_key_of_another_kind_is_left_alone_and_the_others_are_counted(place: Place) -> None:
    place.seed({KEYS["t"] + "email": "poison"})
    place.check(
        commands(place).flush_stats(MINUTE, {"email": (0, {"started": 1}), "pdf": (0, {"started": 1})}),
        reply=5,
        after={KEYS["t"] + "email": "poison"}
        | {KEYS[slot] + "email": {"started": "1", "max": "0"} for slot in "mh"}
        | {KEYS[slot] + "pdf": {"started": "1", "max": "0"} for slot in "mth"},
    )


def test_a_counter_that_is_no_number_begins_anew(place: Place) -> None:
    place.seed({KEYS["m"] + "*": {"started": "poison", "max": "poison"}})
    place.run(commands(place).flush_stats(MINUTE, {"*": (3, {"started": 1})}))
    assert place.world()[KEYS["m"] + "*"] == {"started": "1", "max": "3"}


@pytest.mark.parametrize("backend", ["redis"], indirect=True)
@pytest.mark.parametrize(
    "rights",
    [{"keys": ["*"], "commands": ["+@all", "-pexpire"]}, {"keys": ["q:job*"], "commands": ["+@all"]}],
    ids=["no time to live", "not these keys"],
)
def test_a_user_without_a_right_adds_nothing_and_is_refused(place: Place, rights: dict[str, list[str]]) -> None:
    client = place.client
    client.acl_setuser("kue-stats", enabled=True, nopass=True, reset_keys=True, **rights)
    try:
        command = commands(place).flush_stats(MINUTE, {"*": (0, {"started": 1})})
        with client.client() as other:
            other.execute_command("AUTH", "kue-stats", "any")
            other.script_load(scripts.source("flush_stats"))
            with pytest.raises(Exception, match=r"NOPERM|can't run this command|can't access|permissions"):
                other.execute_command(*command)
    finally:
        client.acl_deluser("kue-stats")
        client.connection_pool.disconnect()  # one of its connections was that user's, and Redis closes it
    assert place.world() == {}


@pytest.mark.parametrize("backend", ["redis"], indirect=True)
def test_the_numbers_of_a_type_with_many_kinds_of_runs_take_about_435_bytes(place: Place) -> None:
    counters = {"created": 1000, "started": 1000, "completed": 950, "failed": 20, "retried": 30, "run": 10**6}
    counters |= {"wait": 10**6} | {f"r{bucket}": 40 for bucket in range(16)} | {f"w{n}": 40 for n in range(16)}
    place.run(commands(place).flush_stats(MINUTE, {"email": (8000, counters)}))
    key = place.keys.stats("h", 1_700_002_800, "email")
    assert place.client.object("encoding", key) == b"listpack"
    assert place.client.memory_usage(key) < MAX_BYTES_FOR_A_TYPE
