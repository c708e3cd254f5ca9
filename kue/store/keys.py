"""Every key name, with its Redis type: the only place in the package that spells one.

The names are Kue's (wire format 0.11). Python calls the methods of `Keys`; the Lua scripts call functions of the
same names, generated from the same table by `lua_functions`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable

STATES = ("inactive", "active", "complete", "failed", "delayed")

NAMES = {
    "ids": "{P}:ids",  # string: the last job id given out
    "types": "{P}:job:types",  # set: every type ever saved
    "job": "{P}:job:{id}",  # hash: one job
    "log": "{P}:job:{id}:log",  # list: log lines, oldest first
    "jobs": "{P}:jobs",  # zset: every job, by priority
    "state": "{P}:jobs:{state}",  # zset: the jobs in a state, scored as the state demands
    "type_state": "{P}:jobs:{type}:{state}",  # zset: the same for one type, by priority
    "tokens": "{P}:{type}:jobs",  # list: one token for each inactive job of a type
    "events": "{P}:events",  # channel
    "work_time": "{P}:stats:work-time",  # string: milliseconds of completed work
    "settings": "{P}:settings",  # hash: free-form settings
    "unique": "{P}:unique:jobs",  # hash: unique key to job id, shared with kue-unique
    "leases": "{P}:py:workers",  # zset: working Python processes, by when their lease ends (ms, Redis's own time)
    "recovery_lock": "{P}:py:recovery:lock",  # string: token of the process that looks for lost jobs in this interval
}

# Kue's locks carry no prefix, and so lie in a slot of their own: never declared in KEYS, which a cluster would refuse.
PROMOTION_LOCK = "promotion:lock"  # string: token of the holder
TTL_LOCK = "activeJobsTTL:lock"  # string: token of the holder

# The names of which there are many, read backwards: the prefix aside, each form catches what the key is the key of.
_PARTS = {"P": "", "id": "([1-9][0-9]*)", "type": "(.+)", "state": f"(?:{'|'.join(STATES)})"}
_FORMS = {name: re.compile(NAMES[name].format(**_PARTS), re.DOTALL) for name in ("job", "log", "type_state")}


class Keys:
    """The key names under one prefix."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.ids = NAMES["ids"].format(P=prefix)
        self.types = NAMES["types"].format(P=prefix)
        self.jobs = NAMES["jobs"].format(P=prefix)
        self.events = NAMES["events"].format(P=prefix)
        self.work_time = NAMES["work_time"].format(P=prefix)
        self.settings = NAMES["settings"].format(P=prefix)
        self.unique = NAMES["unique"].format(P=prefix)
        self.leases = NAMES["leases"].format(P=prefix)
        self.recovery_lock = NAMES["recovery_lock"].format(P=prefix)

    def job(self, id: int | str) -> str:
        return NAMES["job"].format(P=self.prefix, id=id)

    def log(self, id: int | str) -> str:
        return NAMES["log"].format(P=self.prefix, id=id)

    def state(self, state: str) -> str:
        return NAMES["state"].format(P=self.prefix, state=state)

    def type_state(self, type: str, state: str) -> str:
        return NAMES["type_state"].format(P=self.prefix, type=type, state=state)

    def tokens(self, type: str) -> str:
        return NAMES["tokens"].format(P=self.prefix, type=type)

    @property
    def pattern(self) -> str:
        """What `SCAN ... MATCH` takes to find every key under the prefix."""
        return re.sub(r"([*?\[\]\\])", r"\\\1", self.prefix) + ":*"

    def read(self, key: str) -> tuple[str, str]:
        """What a key holds: ("job", id), ("log", id), ("type_state", type); ("", "") where it is none of these."""
        if key.startswith(self.prefix):
            for name, form in _FORMS.items():
                if match := form.fullmatch(key, len(self.prefix)):
                    return name, match[1]
        return "", ""


def zid(id: int | str) -> str:
    """The member that stands for a job in every zset: the length of its id in two digits, `|`, the id."""
    return f"{len(str(id)):02d}|{id}"


def id_of(zid: bytes) -> int:
    """The job id in a zset member. Raises `ValueError` where the member is no zid."""
    return int(zid.partition(b"|")[2])


def ids_of(zids: Iterable[bytes]) -> list[int]:
    """The job ids in members of a zset; those that are none of Kue's are left out."""
    found = []
    for zid in zids:
        with contextlib.suppress(ValueError):
            found.append(id_of(zid))
    return found


def lua_functions() -> dict[str, str]:
    """A Lua function `key_<name>` for each entry of `NAMES`, over a local `P` that holds the prefix."""
    functions = {}
    for name, template in NAMES.items():
        parts = [part for part in re.split(r"(\{\w+\})", template) if part]
        parameters = ", ".join(p[1:-1] for p in parts if p[0] == "{" and p != "{P}")
        body = " .. ".join(p[1:-1] if p[0] == "{" else f"'{p}'" for p in parts)
        functions[f"key_{name}"] = f"local function key_{name}({parameters}) return {body} end"
    return functions
