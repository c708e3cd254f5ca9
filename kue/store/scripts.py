"""Loads the Lua scripts: finds them, puts before each the shared files that it needs, and knows its SHA1.

The `Shared` line in the head of a script names the shared files that it calls, and the `Needs:` line in the head of a
shared file those that this one calls.
A script is called by its SHA1. If Redis does not know it (first call, `SCRIPT FLUSH`, restart), all scripts are
loaded in one transaction, so that the scripts of one pipeline are always known or unknown together.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from redis.exceptions import NoScriptError, ResponseError

from kue.connection.connection import Command, Connection
from kue.store.job_hash import lua_fields
from kue.store.keys import STATES, lua_functions

_LUA = resources.files("kue.store") / "lua"
_FOLDERS = ("transitions", "repairs")  # each holds the scripts whose commands the class of that name builds
_SHARED = re.compile(r"^-- Shared  ([\w ]+)$", re.MULTILINE)
_NEEDS = re.compile(r"^-- Needs: ([\w, ]+)\.$", re.MULTILINE)


@cache
def source(name: str) -> str:
    """The whole text of a script as Redis receives it."""
    script = _files(*_FOLDERS)[name]
    shared = _files("shared")
    parts = in_order(name, _named(_SHARED, script), {part: _named(_NEEDS, text) for part, text in shared.items()})
    text = "\n".join([*(shared[part] for part in parts), script])
    generated = [code for word, code in _generated().items() if re.search(rf"\b{word}\b", text)]
    return "\n".join(["local P = ARGV[1]", *generated, text])


def in_order(script: str, shared: Sequence[str], needs: Mapping[str, Sequence[str]]) -> list[str]:
    """The shared files that a script names and all that they need: each once, and after those that it needs itself.

    Raises `ValueError` for a name that is no shared file, and for files that need each other in a circle.
    """
    ordered: list[str] = []

    def add(name: str, users: tuple[str, ...]) -> None:
        if name not in needs:
            raise ValueError(f"{users[-1]}.lua names {name!r}, but there is no file lua/shared/{name}.lua")
        if name in users[1:]:
            circle = " needs ".join([*users[users.index(name, 1) :], name])
            raise ValueError(f"shared Lua files need each other in a circle: {circle}")
        if name not in ordered:
            for need in needs[name]:
                add(need, (*users, name))
            ordered.append(name)

    for name in shared:
        add(name, (script,))
    return ordered


def _named(line: re.Pattern[str], text: str) -> list[str]:
    found = line.search(text)
    return re.findall(r"\w+", found[1]) if found else []


@cache
def _generated() -> dict[str, str]:
    """The Lua code that is made from tables in Python, by the name that it defines."""
    states = ", ".join(f"'{state}'" for state in STATES)
    all_states = f"local function all_states() return {{{states}}} end"
    return {**lua_functions(), "all_states": all_states, "FIELDS": lua_fields()}


@cache
def names() -> tuple[str, ...]:
    """Every script, by the name of its file."""
    return tuple(sorted(_files(*_FOLDERS)))


@cache
def _files(*folders: str) -> dict[str, str]:
    """The text of each Lua file in some folders, by name."""
    files = [file for folder in folders for file in (_LUA / folder).iterdir() if file.name.endswith(".lua")]
    return {file.name.removesuffix(".lua"): file.read_text("utf-8") for file in files}


@cache
def sha(name: str) -> str:
    """The SHA1 that Redis knows a script by."""
    return hashlib.sha1(source(name).encode(), usedforsecurity=False).hexdigest()


def load_all(connection: Connection) -> None:
    """Make every script known to the server, all at once."""
    commands: list[Command] = [("MULTI",)]
    commands += [("SCRIPT", "LOAD", source(name)) for name in names()]
    commands.append(("EXEC",))
    for reply in connection.exchange(commands):
        if isinstance(reply, ResponseError):
            raise reply


def run(connection: Connection, commands: Sequence[Command]) -> list[Any]:
    """Run commands, scripts among them, in one round trip; those that Redis did not know are repeated, in order, with
    their text, so that a flush in between does no harm.

    A command that Redis refuses gives its `ResponseError` as reply. Raises `redis.ConnectionError` and the like.
    """
    return repaired(connection, commands, connection.exchange(commands))


def repaired(connection: Connection, commands: Sequence[Command], replies: list[Any]) -> list[Any]:
    """The replies to commands, once those that Redis did not know have been repeated."""
    unknown = [i for i, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
    if unknown:
        load_all(connection)
        for i, reply in zip(unknown, connection.exchange([_with_text(commands[i]) for i in unknown]), strict=True):
            replies[i] = reply
    return replies


def _with_text(command: Command) -> Command:
    return ("EVAL", _by_sha()[str(command[1])], *command[2:])


@cache
def _by_sha() -> dict[str, str]:
    return {sha(name): source(name) for name in names()}
