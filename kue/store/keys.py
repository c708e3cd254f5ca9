"""The names of all keys, with their Redis types. No other file spells a key.

The names are those of Kue 0.11. Python calls the methods of `Keys`. Lua scripts call functions of the same names, which
`lua_functions` generates from the same table.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from typing import NamedTuple

from kue.options.values import STATES


class Key(NamedTuple):
    """One key: its name with the parts that vary in braces, its Redis type, and what it holds."""

    template: str
    kind: str
    content: str

    @property
    def is_fixed(self) -> bool:
        """Whether there is only one such key under a prefix."""
        return self.template.count("{") == self.template.count("{P}")


KEYS = {
    "ids": Key("{P}:ids", "string", "the last job id given out"),
    "types": Key("{P}:job:types", "set", "every type ever saved"),
    "job": Key("{P}:job:{id}", "hash", "one job"),
    "log": Key("{P}:job:{id}:log", "list", "the log lines of a job, oldest first"),
    "jobs": Key("{P}:jobs", "zset", "every job, by priority"),
    "state": Key("{P}:jobs:{state}", "zset", "the jobs in a state; the score depends on the state"),
    "type_state": Key("{P}:jobs:{type}:{state}", "zset", "the jobs of a type in a state, by priority"),
    "tokens": Key("{P}:{type}:jobs", "list", "one token for each inactive job of a type"),
    "events": Key("{P}:events", "channel", "every event, as JSON"),
    "work_time": Key("{P}:stats:work-time", "string", "milliseconds of completed work"),
    "settings": Key("{P}:settings", "hash", "free-form settings"),
    "unique": Key("{P}:unique:jobs", "hash", "unique key to job id, shared with kue-unique"),
    "search_word": Key(
        "{P}:search:word:{code}", "zset", "ids of the jobs that hold a word of this code, by how often it occurs"
    ),
    "search_object": Key("{P}:search:object:{id}", "zset", "the codes of the words of a job, by how often they occur"),
    "unindex": Key("{P}:py:unindex", "set", "jobs that are gone, and whose words have yet to leave the index"),
    "leases": Key("{P}:py:workers", "zset", "working Python processes, by when their lease ends (ms, Redis's time)"),
    "worker": Key("{P}:py:worker:{process}", "hash", "what a working Python process says of itself, for 30 days"),
    "mail": Key("{P}:py:mail:{process}", "list", "what a working Python process is to learn, until it looks"),
    "within": Key("{P}:py:within:{key}", "string", "id of the last job of a unique key, until another may be saved"),
    "schedules": Key("{P}:py:schedules", "zset", "recurring jobs, by when they are due next; +inf: paused or over"),
    "schedule": Key("{P}:py:schedule:{name}", "hash", "one recurring job: when it is due, the job, and counters"),
    "flow": Key("{P}:py:flow", "hash", "type to its pause and limits; the empty name stands for all types"),
    "rate": Key("{P}:py:rate:{type}", "list", "when jobs of a type with a rate limit started, the latest first"),
    "stats": Key("{P}:py:stats:{slot}:{start}:{type}", "hash", "what happened in a minute, ten minutes or an hour"),
    "lost": Key("{P}:py:workers:lost", "zset", "Python processes whose lease ran out in the last hour, by when (ms)"),
    "recovery_lock": Key("{P}:py:recovery:lock", "string", "token of the process that looks for lost jobs"),
    "purge_lock": Key("{P}:py:purge:lock", "string", "token of the process that purges"),
    "observe_lock": Key("{P}:py:observe:lock", "string", "token of the process that counts the jobs that Node runs"),
}

# Kue's locks have no prefix, so a cluster may keep them in another slot. It refuses scripts whose KEYS are in several
# slots, and so no script declares a lock in KEYS.
LOCKS = {
    "promotion": Key("promotion:lock", "string", "token of the process that promotes delayed jobs"),
    "ttl": Key("activeJobsTTL:lock", "string", "token of the process that ends jobs past their ttl"),
}
PROMOTION_LOCK = LOCKS["promotion"].template
TTL_LOCK = LOCKS["ttl"].template

# How to recognise the keys of which there are many. After the prefix, each form captures the part that varies.
_PARTS = {"P": "", "id": "([1-9][0-9]*)", "type": "(.+)", "state": f"(?:{'|'.join(STATES)})"}
_PARTS |= {"key": "(.+)", "name": "(.+)", "process": "(.+)"}
_PARTS |= {"slot": "[mth]", "start": "[0-9]+", "code": "(.*)"}
_MANY = (
    *("job", "log", "type_state", "within", "schedule", "stats", "worker", "mail", "rate"),
    *("search_word", "search_object"),
)
_FORMS = {name: re.compile(KEYS[name].template.format(**_PARTS), re.DOTALL) for name in _MANY}

_ZID = re.compile(rb"([0-9]{2})\|([1-9][0-9]*)")

UNIQUE_TYPE = "unique"
"""The type whose list of tokens would have the key of the hash of unique keys."""


class Keys:
    """The key names under one prefix."""

    ids: str
    types: str
    jobs: str
    events: str
    work_time: str
    settings: str
    unique: str
    unindex: str
    leases: str
    recovery_lock: str
    purge_lock: str
    observe_lock: str
    schedules: str
    flow: str
    lost: str

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        for name, key in KEYS.items():
            if key.is_fixed:
                setattr(self, name, key.template.format(P=prefix))

    def job(self, id: int | str) -> str:
        return KEYS["job"].template.format(P=self.prefix, id=id)

    def log(self, id: int | str) -> str:
        return KEYS["log"].template.format(P=self.prefix, id=id)

    def state(self, state: str) -> str:
        return KEYS["state"].template.format(P=self.prefix, state=state)

    def type_state(self, type: str, state: str) -> str:
        return KEYS["type_state"].template.format(P=self.prefix, type=type, state=state)

    def tokens(self, type: str) -> str:
        return KEYS["tokens"].template.format(P=self.prefix, type=type)

    def search_word(self, code: str) -> str:
        return KEYS["search_word"].template.format(P=self.prefix, code=code)

    def search_object(self, id: int | str) -> str:
        return KEYS["search_object"].template.format(P=self.prefix, id=id)

    def worker(self, process: str) -> str:
        return KEYS["worker"].template.format(P=self.prefix, process=process)

    def mail(self, process: str) -> str:
        return KEYS["mail"].template.format(P=self.prefix, process=process)

    def within(self, key: str) -> str:
        return KEYS["within"].template.format(P=self.prefix, key=key)

    def schedule(self, name: str) -> str:
        return KEYS["schedule"].template.format(P=self.prefix, name=name)

    def rate(self, type: str) -> str:
        return KEYS["rate"].template.format(P=self.prefix, type=type)

    def stats(self, slot: str, start: int, type: str) -> str:
        return KEYS["stats"].template.format(P=self.prefix, slot=slot, start=start, type=type)

    def zset(self, state: str | None = None, type: str | None = None) -> str:
        """The zset of all jobs, of those in a state, or of those of a type in a state."""
        if state is None:
            return self.jobs
        return self.state(state) if type is None else self.type_state(type, state)

    @property
    def pattern(self) -> str:
        """What `SCAN ... MATCH` takes to find every key under the prefix."""
        return re.sub(r"([*?\[\]\\])", r"\\\1", self.prefix) + ":*"

    def read(self, key: str) -> tuple[str, str]:
        """The name of a key of which there are many, and the part that varies, such as ("job", id); else ("", "")."""
        if key.startswith(self.prefix):
            for name, form in _FORMS.items():
                if match := form.fullmatch(key, len(self.prefix)):
                    return name, match[1]
        return "", ""


def zid(id: int | str) -> str:
    """The member for a job in every zset: the length of its id in two digits, `|`, the id."""
    return f"{len(str(id)):02d}|{id}"


def id_or_member(member: str) -> int | str:
    """The job id in a zset member; the member itself if it is no zid."""
    id = member.partition("|")[2]
    return int(id) if id.isascii() and id.isdigit() and zid(int(id)) == member else member


def id_of(zid: bytes) -> int:
    """The job id in a zset member. Raises `ValueError` if the member is no zid, just as the scripts have it."""
    found = _ZID.fullmatch(zid)
    if found is None or int(found[1]) != len(found[2]):
        raise ValueError(f"{zid!r} is not the member of a job")
    return int(found[2])


def ids_of(zids: Iterable[bytes]) -> list[int]:
    """The job ids in members of a zset. Members that are no zids are left out."""
    found = []
    for zid in zids:
        with contextlib.suppress(ValueError):
            found.append(id_of(zid))
    return found


def lua_functions() -> dict[str, str]:
    """A Lua function `key_<name>` for each key. It reads the prefix from a local variable `P`."""
    functions = {}
    for name, key in KEYS.items():
        parts = [part for part in re.split(r"(\{\w+\})", key.template) if part]
        parameters = ", ".join(p[1:-1] for p in parts if p[0] == "{" and p != "{P}")
        body = " .. ".join(p[1:-1] if p[0] == "{" else f"'{p}'" for p in parts)
        functions[f"key_{name}"] = f"local function key_{name}({parameters}) return {body} end"
    return functions
