"""Loads the Lua scripts: finds them, adds the shared functions their heads name, and knows their SHA1.

A script is called by its SHA1; where Redis does not know it (first call, `SCRIPT FLUSH`, restart) all scripts are
loaded in one transaction, so that the scripts of one pipeline are always known or unknown together.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from redis.exceptions import NoScriptError, ResponseError

from kue.connection.connection import Command, Connection
from kue.store.job_hash import lua_fields
from kue.store.keys import lua_functions

_LUA = resources.files("kue.store") / "lua"
_FOLDERS = ("transitions", "repairs")  # each holds the scripts whose commands the class of that name builds


@cache
def source(name: str) -> str:
    """The whole text of a script as Redis gets it."""
    body = _files()[name].read_text("utf-8")
    named = re.search(r"^-- Shared\s+(.*)$", body, re.MULTILINE)
    shared = [(_LUA / "shared" / f"{part}.lua").read_text("utf-8") for part in (named[1].split() if named else [])]
    text = "\n".join([*shared, body])
    keys = [function for key, function in lua_functions().items() if f"{key}(" in text]
    fields = [lua_fields()] if "FIELDS" in body else []
    return "\n".join(["local P = ARGV[1]", *keys, *fields, text])


@cache
def names() -> tuple[str, ...]:
    """Every script, by the name of its file."""
    return tuple(sorted(_files()))


@cache
def _files() -> dict[str, Traversable]:
    files = [file for folder in _FOLDERS for file in (_LUA / folder).iterdir() if file.name.endswith(".lua")]
    return {file.name.removesuffix(".lua"): file for file in files}


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
