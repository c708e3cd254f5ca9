"""Key names: Kue's, and the same in Python as in Lua."""

import inspect
from collections.abc import Iterator

import fakeredis
import pytest

from kue.store.keys import KEYS, PROMOTION_LOCK, STATES, TTL_LOCK, Keys, id_of, lua_functions, zid

ARGUMENTS = {"id": "17", "type": 'say "hi" to \u2709: it\'s 100%', "state": "inactive"}
ARGUMENTS |= {"process": "kue:host:7-beef00011", "key": "order:7 \u2709", "name": "nightly: \u2709"}
ARGUMENTS |= {"slot": "m", "start": "1700003700", "code": "HL"}
PREFIXES = ["q", "{q}", "a:b", "it's", "caf\u00e9 %d"]

WIRE_FORMAT = {  # as Kue writes them, for a job 17 of type email with prefix q
    "ids": "q:ids",
    "types": "q:job:types",
    "job": "q:job:17",
    "log": "q:job:17:log",
    "jobs": "q:jobs",
    "state": "q:jobs:inactive",
    "type_state": "q:jobs:email:inactive",
    "tokens": "q:email:jobs",
    "events": "q:events",
    "work_time": "q:stats:work-time",
    "settings": "q:settings",
    "unique": "q:unique:jobs",
    "search_word": "q:search:word:HL",
    "search_object": "q:search:object:17",
}


@pytest.fixture(scope="module")
def lua() -> Iterator[fakeredis.FakeRedis]:
    with fakeredis.FakeRedis(server=fakeredis.FakeServer()) as client:
        yield client


def parameters(name: str) -> list[str]:
    found = getattr(Keys, name, None)
    return [] if found is None else [p for p in inspect.signature(found).parameters if p != "self"]


def in_python(keys: Keys, name: str, arguments: dict[str, str]) -> str:
    found = getattr(keys, name)
    return str(found(*(arguments[p] for p in parameters(name))) if callable(found) else found)


@pytest.mark.parametrize("name", WIRE_FORMAT)
def test_a_key_has_the_name_of_kue(name: str) -> None:
    assert in_python(Keys("q"), name, ARGUMENTS | {"type": "email"}) == WIRE_FORMAT[name]


def test_a_prefix_with_braces_is_kept_in_every_name() -> None:
    keys = Keys("{q}")
    for name in KEYS:
        assert in_python(keys, name, ARGUMENTS).startswith("{q}:")


def test_keys_of_our_own_lie_apart_but_for_the_one_shared_with_kue_unique() -> None:
    ours = {in_python(Keys("q"), name, ARGUMENTS) for name in set(KEYS) - set(WIRE_FORMAT)}
    assert ours
    assert all(key.startswith("q:py:") for key in ours)


def test_kue_s_locks_have_no_prefix() -> None:
    assert [PROMOTION_LOCK, TTL_LOCK] == ["promotion:lock", "activeJobsTTL:lock"]


@pytest.mark.parametrize("name", KEYS)
def test_a_key_has_the_same_name_in_lua(lua: fakeredis.FakeRedis, name: str) -> None:
    function = lua_functions()[f"key_{name}"]
    values = [ARGUMENTS[p] for p in parameters(name)]
    given = ", ".join(f"ARGV[{position}]" for position in range(2, len(values) + 2))
    script = f"local P = ARGV[1]\n{function}\nreturn key_{name}({given})"
    for prefix in PREFIXES[:3]:
        assert lua.eval(script, 0, prefix, *values).decode() == in_python(Keys(prefix), name, ARGUMENTS)


@pytest.mark.parametrize("name", KEYS)
def test_a_lua_function_takes_what_the_name_needs_in_the_same_order(name: str) -> None:
    function = lua_functions()[f"key_{name}"]
    assert function.startswith(f"local function key_{name}({', '.join(parameters(name))}) return ")
    assert set(lua_functions()) == {f"key_{name}" for name in KEYS}


def test_the_states_are_those_of_kue() -> None:
    assert STATES == ("inactive", "active", "complete", "failed", "delayed")


@pytest.mark.parametrize(
    ("id", "member"), [(1, "01|1"), (7, "01|7"), (10, "02|10"), ("1234", "04|1234"), (2**53, "16|9007199254740992")]
)
def test_a_zid_has_the_length_of_its_id_in_front_and_is_read_back(id: int | str, member: str) -> None:
    assert zid(id) == member
    assert id_of(member.encode()) == int(id)


def test_zids_sort_as_their_ids() -> None:
    ids = [1, 2, 9, 10, 11, 99, 100, 1000, 10**9]
    assert sorted(map(zid, reversed(ids))) == [zid(id) for id in ids]


@pytest.mark.parametrize("member", [b"", b"7", b"garbage", b"01|", b"01|x", b"|", b"02|1", b"02|01", b"1|1", b"02|-1"])
def test_a_member_that_is_no_zid_is_a_value_error(member: bytes) -> None:
    with pytest.raises(ValueError):
        id_of(member)


@pytest.mark.parametrize("prefix", [*PREFIXES, "a*b", "[q]", "q?", "back\\slash"])
def test_every_key_is_found_by_the_pattern_and_no_other(lua: fakeredis.FakeRedis, prefix: str) -> None:
    lua.flushall()
    keys = {in_python(Keys(prefix), name, ARGUMENTS).encode() for name in KEYS}
    for key in (*keys, b"other", b"x" + next(iter(keys)), b"axxb:jobs", b"qx:jobs"):
        lua.set(key, 1)
    assert set(lua.scan_iter(match=Keys(prefix).pattern, count=1000)) == keys


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_key_names_what_it_holds(prefix: str) -> None:
    keys = Keys(prefix)
    assert keys.read(keys.job(17)) == ("job", "17")
    assert keys.read(keys.log(17)) == ("log", "17")
    for type in ("email", "a:b", "two\nlines", "inactive"):
        for state in STATES:
            assert keys.read(keys.type_state(type, state)) == ("type_state", type)
    for key in ("order:7", "a", "two\nlines"):
        assert keys.read(keys.within(key)) == ("within", key)
    assert keys.read(keys.mail("kue:host:77-beef0001")) == ("mail", "kue:host:77-beef0001")
    for key in (keys.jobs, keys.types, keys.ids, keys.events, keys.state("failed"), keys.tokens("email"), "other", ""):
        assert keys.read(key) == ("", "")
    for key in ("job:", "job:x", "job:017", "job:17:lug", "job:17:log:", "jobs:email:lost"):
        assert keys.read(f"{prefix}:{key}") == ("", "")
