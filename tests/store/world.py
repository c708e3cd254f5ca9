"""Whole keyspaces as plain data: what jobs look like in Redis, written down a second time and apart from kue.

`job(...)` gives every key of one consistent job, `world(...)` puts several together. A test seeds such a world,
runs one script, and compares everything that is in Redis then with the world it expects.
"""

from typing import Any

World = dict[str, Any]  # as tests.helpers.keyspace gives it, with the prefix q

NOW = 1_700_000_000_000
BEFORE = NOW - 60_000
PYTHON = "kue:host:77-beef0001:email:3"  # the worker id of a run in Python
NODE = "kue:host:77:email:3"  # and of a worker in Node
# Types with which the id of a Node worker looks like one of a Python run to a careless pattern, and such ids.
PYTHON_LOOKALIKES = ["2026-11:report", "tenant:42-cafe:mail", "2026-123456789ab:x", "kue:vm:7-beef0001:x", "x:5-a:y"]
NODE_LOOKALIKES = [f"kue:host:77:{type}:3" for type in PYTHON_LOOKALIKES]
# Names that a careless script would cut, quote or escape wrongly.
TYPES = ["email", 'say "d\u00e9j\u00e0 vu" \u2709 \U0001f680', "it's a:b|c/d\\e", "two\nlines of %d {x}"]
# Members of a zset that stand for no job, though some of them hold a number.
NO_ZIDS = ["garbage", "3|7x", "03|007", "01|", "09|7", "01|7\n"]


def zid(id: int) -> str:
    return f"{len(str(id)):02d}|{id}"


def job(
    id: int = 1,
    state: str = "inactive",
    type: str = "email",
    *,
    priority: int = 0,
    score: float | None = None,
    tokens: int | None = None,
    log: list[str] | None = None,
    **fields: Any,
) -> World:
    """One job, in every key it is in. `score` is that of the state's set; a field of None is left out of the hash."""
    known = {"type": type, "state": state, "priority": priority, "data": '{"to":"tj"}', "max_attempts": 1}
    known |= {"created_at": BEFORE, "promote_at": BEFORE, "updated_at": BEFORE, **fields}
    if score is None:
        score = {"active": -abs(priority), "delayed": known["promote_at"]}.get(state, priority)
    keys: World = {
        "q:job:types": {type},
        f"q:job:{id}": {name: str(value) for name, value in known.items() if value is not None},
        "q:jobs": {zid(id): float(priority)},
        f"q:jobs:{state}": {zid(id): float(score)},
        f"q:jobs:{type}:{state}": {zid(id): float(priority)},
    }
    return world(keys, token_list(type, (state == "inactive") if tokens is None else tokens), log_of(id, log or []))


def gone(type: str = "email") -> World:
    """What a removed job leaves: its type."""
    return {"q:job:types": {type}}


def token_list(type: str, count: int) -> World:
    return {f"q:{type}:jobs": ["1"] * count} if count else {}


def log_of(id: int, lines: list[str]) -> World:
    return {f"q:job:{id}:log": lines} if lines else {}


def world(*parts: World) -> World:
    """The parts together: hashes, sets and zsets merged, lists joined, strings as the last part has them."""
    whole: World = {}
    for part in parts:
        for key, value in part.items():
            if isinstance(value, dict | set):
                whole[key] = whole[key] | value if key in whole else value
            elif isinstance(value, list):
                whole[key] = whole.get(key, []) + value
            else:
                whole[key] = value
    return whole


def without(whole: World, *names: str) -> World:
    """A world that lacks some keys; `key/member` lacks one field or member, and the key with its last one."""
    rest = dict(whole)
    for name in names:
        if name in rest:
            del rest[name]
            continue
        key, _, member = name.rpartition("/")
        rest[key] = {other: value for other, value in rest[key].items() if other != member}
        if not rest[key]:
            del rest[key]
    return rest
