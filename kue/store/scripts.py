"""Runs the Lua scripts by their SHA1, and loads them if Redis does not know them.

Redis knows none at the first call, after `SCRIPT FLUSH` and after a restart. Then all scripts are loaded in one
transaction, so that the scripts of one pipeline are always known or unknown together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

from redis.exceptions import NoScriptError, ResponseError

from kue.connection.connection import Command, Connection
from kue.store.script_text import names, source

__all__ = ["load_all", "names", "repaired", "run", "sha", "source"]


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
    """Run commands, scripts among them, in one round trip.

    Scripts that Redis did not know are repeated, in order, with their text, so that a flush in between does no harm.
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
